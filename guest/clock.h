/* SPDX-License-Identifier: MIT */
/* Time: the monotonic clock from pvclock, the wall clock, and timers with callbacks. */
#pragma once

#include "guest/types.h"
#include "lib/list.h"

/*
 * Nanoseconds since the hypervisor started, without the time that the domain was away (saved, and
 * restored elsewhere); never goes back. Any context.
 */
ns_t clock_ns(void);

/* Nanoseconds since 1970, UTC: Xen's wall clock plus what clock_wall_set changed. */
ns_t clock_wall_ns(void);
void clock_wall_set(ns_t now);

/* The moment `ns` from now; NS_FOREVER stays that, and so does what would overflow. */
static inline ns_t clock_deadline(ns_t ns)
{
	ns_t now = ns == NS_FOREVER ? 0 : clock_ns();

	return ns > NS_FOREVER - now ? NS_FOREVER : now + ns;
}

/*
 * A timer calls `fire` once, at or soon after its deadline, in the context of an upcall: masked, so
 * no sleeping, no mutex, no malloc. It runs on the vcpu that started it, and may start its timer
 * again. The caller owns the memory, which stays put while the timer is active. Any context may
 * start and stop timers.
 */
struct clock_timer {
	/* The lock of that vcpu's list; see guest/timer.c. */
	struct list link; /* by deadline */
	ns_t deadline;
	bool active;
	unsigned int vcpu; /* whose list */

	void (*fire)(struct clock_timer *timer);
	void *arg;
};

void timer_init(struct clock_timer *timer, void (*fire)(struct clock_timer *), void *arg);

/* An active timer is moved. A deadline that has passed fires on the next way out of an upcall. */
void timer_start(struct clock_timer *timer, ns_t deadline);

/*
 * True if it was active. After the return `fire` does not run any more: if it runs on another vcpu,
 * that is waited for, so the caller holds no spin lock that it takes.
 */
bool timer_stop(struct clock_timer *timer);

/* A moment of clock_ns() as Xen's system time, for hypercalls; at least 1. */
ns_t clock_to_system(ns_t deadline);

/* Processor cycles. */
uint64_t clock_tsc(void);
