/* SPDX-License-Identifier: MIT */
/*
 * Until nobody looks any more. What processors find without a lock or a reference (a domain by its
 * id, a vcpu_info by its vcpu) is first taken out of sight, and given back once every processor has
 * been between two operations: the hypervisor is not preemptible, so whoever found it before is
 * through then.
 */
#pragma once

#include "cpu.h"

struct quiet {
	struct quiet *next; /* both under quiet.c's lock */
	uint64_t busy;      /* bit i: processor i has not been between two operations since */
	void (*fn)(struct quiet *q);
};

/*
 * Calls fn once, later, between two operations of some processor, without locks. With one processor
 * at once: the caller looks at nothing of it any more.
 */
void quiet_call(struct quiet *q, void (*fn)(struct quiet *q));
void quiet_pass(struct cpu *c); /* this processor is between two operations (WORK_QUIET) */
