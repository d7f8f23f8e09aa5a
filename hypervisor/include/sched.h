/* SPDX-License-Identifier: MIT */
/*
 * Who runs. A vcpu is runnable unless it blocks, is down or is paused; which of the runnable ones
 * goes on is its pool's scheduler's choice (core/scheduler.h).
 */
#pragma once

#include "cpu.h"
#include "sched_edf.h"
#include "timer.h"

struct vcpu;
struct domain;
struct cpupool;

/* What the scheduler of its pool knows of a vcpu. */
struct sched_vcpu {
	struct timer again; /* ends `parked`, and looks at it anew */
	union {
		uint64_t virtual; /* credit: how long it ran, by weight; ns */
		struct edf edf;   /* rtds */
		struct {
			struct list without; /* in the pool's list of those without a processor */
			struct cpu *own;     /* else this is its */
		} null;
	};
};

void sched_init_cpu(struct cpu *c);
void sched_add_vcpu(struct vcpu *v);    /* chooses its processor; the vcpu is not runnable yet */
void sched_leave(struct vcpu *v);       /* it runs nowhere, and is not runnable */

/*
 * Call these after a change of what vcpu_runnable looks at: wake when it may have become runnable
 * (queued, and preempts where that is fair), sleep when it may have stopped being so. sleep_sync
 * returns when it has no processor any more, unless it is the caller.
 */
void sched_wake(struct vcpu *v);
void sched_sleep(struct vcpu *v);
void sched_sleep_sync(struct vcpu *v);
/* Bit i: processor i; at once. */
void sched_set_affinity(struct vcpu *v, uint64_t hard, uint64_t soft);

/* On the way out to a guest: pick who goes on, and switch to him; halt while there is nobody. */
void sched_run(void);

/* Of the current vcpu; they take effect on the way out. */
void sched_block(void); /* until an event comes; not at all if one waits unmasked */
void sched_yield(void); /* behind those that wait */
/* Something happened that v may have blocked for, in SCHEDOP_block or _poll. True: it had. */
bool sched_unblock(struct vcpu *v);

uint64_t sched_idle_time(const struct cpu *c); /* ns since boot */

/*
 * core/cpupool.c. Each domain belongs to one pool, in which there are processors: 0, or -ESRCH,
 * -ENODEV. One that dies goes to the first pool, from where nobody has to wait for it.
 */
int cpupool_enter(struct domain *d, uint32_t id);
void cpupool_leave(struct domain *d);
void cpupool_dying(struct domain *d);
uint32_t cpupool_id(const struct domain *d);

/*
 * core/sched_control.c: SCHEDOP_pin_override of the current vcpu; cpu < 0: its end. -EINVAL,
 * -EBUSY.
 */
long sched_pin_override(int cpu);

long do_sched_op(int cmd, void *arg);
long do_set_timer_op(int64_t timeout);
