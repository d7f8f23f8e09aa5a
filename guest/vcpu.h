/* SPDX-License-Identifier: MIT */
/* The vcpus of this domain: how many, stopping and starting them. */
#pragma once

#include "guest/types.h"

/* As many as shared_info has room for; what the domain has beyond is left alone, and told once. */
#define VCPUS_MAX XEN_LEGACY_MAX_VCPUS

/* A set of vcpus, bit n for vcpu n. */
typedef uint32_t vcpu_mask_t;

#define VCPU_ANY	((vcpu_mask_t)~0)
#define VCPU_ONLY(vcpu) ((vcpu_mask_t)1 << (vcpu))

/*
 * How many vcpus run threads: 1 during INIT_early, all from INIT_core on. Their numbers are 0 to
 * that - 1; which one the caller runs on tells this_vcpu of guest/irq.h.
 */
unsigned int vcpu_count(void);

/* Those that are up: all but the offline ones, and fewer between stop and start. */
vcpu_mask_t vcpus_up(void);

/*
 * The toolstack wants no other vcpus than these to run, and vcpu 0, which always does. They go and
 * come soon, by a thread of its own. (online.c)
 */
void vcpus_want(vcpu_mask_t online);

/*
 * For suspending: all vcpus but 0 go down, asked by a thread that runs on vcpu 0 only, and come up
 * again. Their threads run on vcpu 0 meanwhile. While they are down no event reaches their ports,
 * and their timers do not fire.
 */
void vcpu_stop_others(void);
void vcpu_start_others(void);

/*
 * In a domain that was restored, before vcpu_start_others: Xen knows neither where vcpu_infos are
 * nor any port. Makes both anew for all vcpus. Masked, on vcpu 0; panics if it cannot.
 */
void vcpu_restore(void);

/* At the end by a bug: the other vcpus stand still, whatever they hold. */
void vcpu_halt_others(void);

/* --- Between vcpu.c, sched.c and start.c -------------------------------- */

struct cpu;

/* The calling vcpu, number 0, gets its per-vcpu area, first of all; and its vcpu_info there. */
void vcpu_init(void);
void vcpu_place_info(void);

/* Brings the others up, as far as there are any. */
void vcpu_start_all(void);

/* Vcpu n goes or comes, if it is not so already. By a thread that runs on vcpu 0 only. */
void vcpu_set_online(unsigned int n, bool online);
vcpu_mask_t vcpus_offline(void); /* that shall be down */

/* What the idle thread of a vcpu that shall stop calls: returns when it is started again. */
void vcpu_rest(struct cpu *cpu);
