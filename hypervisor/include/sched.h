/* SPDX-License-Identifier: MIT */
/*
 * Who runs. A vcpu is runnable unless it blocks, is down or is paused. Fair time slices: among
 * runnable vcpus of a processor the one with the least virtual run time goes first; a waking vcpu
 * does not carry over more than one slice of credit.
 */
#pragma once

#include "cpu.h"

struct vcpu;
struct domain;

void sched_init_cpu(struct cpu *c);
int sched_add_vcpu(struct vcpu *v);     /* chooses its processor; the vcpu is not runnable yet */
void sched_remove_vcpu(struct vcpu *v); /* it runs nowhere, and is not runnable */

/*
 * Call these after a change of what vcpu_runnable looks at: wake when it may have become runnable
 * (queued, and preempts where that is fair), sleep when it may have stopped being so. sleep_sync
 * returns when it has no processor any more, unless it is the caller.
 */
void sched_wake(struct vcpu *v);
void sched_sleep(struct vcpu *v);
void sched_sleep_sync(struct vcpu *v);
void sched_set_affinity(struct vcpu *v, uint64_t mask); /* bit i: processor i; at once */

/* On the way out to a guest: pick who goes on, and switch to him; halt while there is nobody. */
void sched_run(void);

/* Of the current vcpu; they take effect on the way out. */
void sched_block(void); /* until an event comes; not at all if one waits unmasked */
void sched_yield(void); /* behind those that wait */
/* Something happened that v may have blocked for, in SCHEDOP_block or _poll. True: it had. */
bool sched_unblock(struct vcpu *v);

uint64_t sched_idle_time(const struct cpu *c); /* ns since boot */
#define SCHED_WEIGHT_DEFAULT 256

long do_sched_op(int cmd, void *arg);
long do_set_timer_op(int64_t timeout);
