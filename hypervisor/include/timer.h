/* SPDX-License-Identifier: MIT */
/* One-shot timers of the hypervisor, and its clock. Times are ns since boot (system time). */
#pragma once

#include "cpu.h"

typedef void (*timer_fn)(void *arg);

/*
 * Part of the object whose timer it is; zeroed plus timer_setup. Runs on the CPU where it was set.
 */
struct timer {
	uint64_t deadline; /* 0: not set */
	timer_fn fn;       /* called with interrupts off, no lock held, from timer_run() */
	void *arg;
	struct cpu *cpu; /* whose heap it is in; the links are that heap's */
	struct timer *child, *sibling, **back;
};

void timer_init_cpu(struct cpu *c);
spinlock_t *timer_lock(const struct cpu *c); /* for the statistic */
void timer_setup(struct timer *t, timer_fn fn, void *arg);
/* Again sets anew; moves to this cpu. Never fails. Nobody else sets this timer at the same time. */
void timer_set(struct timer *t, uint64_t deadline);
/* The same for who holds a lock: the hardware is programmed on the way out of the hypervisor. */
void timer_set_locked(struct timer *t, uint64_t deadline);
void timer_stop(struct timer *t);  /* fn does not begin any more; elsewhere it may still run */
void timer_stop_sync(struct timer *t); /* nor that; for good, nobody sets it meanwhile */
void timer_run(void);              /* expired ones; then programs the next deadline */

uint64_t time_now(void); /* ns since boot, monotonic per cpu; TSC based */
void time_init(void);    /* x86/time.c: clock source, calibration in under 2 ms of machine time */
void time_set_deadline(uint64_t ns); /* program this cpu's one-shot; 0: none; past: fires at once */
/* dom0's XENPF_settime: the wall clock (ns since 1970) at system time 0. */
uint64_t time_of_ticks(uint64_t ticks); /* TSC ticks in ns */
void time_set_wall(uint64_t ns);
uint32_t time_tsc_khz(void);

struct vcpu;
struct domain;
void time_update_vcpu(
	struct vcpu *v); /* fill its vcpu_time_info (version protocol) from its cpu's scale */
void time_update_wall(struct domain *d); /* shared_info.wc_* */
