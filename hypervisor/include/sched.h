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
int sched_add_vcpu(struct vcpu *v); /* choose its processor; starts paused or down */
void sched_remove_vcpu(struct vcpu *v);
void sched_wake(struct vcpu *v);  /* it may have become runnable: queue it, preempt where fair; kick
				     its cpu */
void sched_sleep(struct vcpu *v); /* it may have stopped being runnable; WORK_RESCHED on its cpu */
void sched_sleep_sync(struct vcpu *v); /* the same, and returns only when it runs nowhere */
void sched_run(
	void); /* on the way out: pick the next vcpu, switch to it (idle: sti; hlt until work) */
void sched_block(void);             /* the current vcpu blocks unless an event is pending */
void sched_unblock(struct vcpu *v); /* something happened that it may wait for */
void sched_yield(void);             /* the current vcpu goes behind those that wait */
uint64_t sched_idle_time(const struct cpu *c); /* ns */
#define SCHED_WEIGHT_DEFAULT 256
long do_sched_op(int cmd, void *arg);
long do_set_timer_op(int64_t timeout);
