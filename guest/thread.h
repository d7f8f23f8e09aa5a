/* SPDX-License-Identifier: MIT */
/* Preemptive kernel threads of this one-application system. */
#pragma once

#include "guest/types.h"
#include "guest/wait.h"

/*
 * All threads share the address space and are equal: no priorities, a runnable thread waits for at
 * most one time slice of each other one. Preemption happens on the way out of an upcall, so never
 * while upcalls are masked.
 */
#define THREAD_STACK_DEFAULT	(64 * 1024UL)	/* 16 KiB of it present at first is not promised */
#define THREAD_SLICE		(10 * NS_PER_MS)
#define THREAD_NAME_MAX		16

enum thread_state {
	THREAD_READY,		/* on the run queue, or running */
	THREAD_SLEEPING,	/* until a wake-up or the deadline */
	THREAD_DEAD,
};

struct thread {
	/* Used by the switch, known to entry.S: keep first. */
	unsigned long sp;

	/* With upcalls masked: the scheduler's. */
	enum thread_state state;
	bool wake_pending;	/* a wake-up since the last thread_prepare_sleep */
	struct list run_link;
	struct clock_timer timeout;
	bool timed_out;

	/* Constant after creation. */
	struct list all_link;
	uint32_t id;
	char name[THREAD_NAME_MAX];
	void *stack;		/* lowest usable byte; an unmapped page is below */
	size_t stack_size;
	void (*entry)(void *arg);
	void *arg;

	/* Only the thread itself, and libc on its behalf. */
	void *libc;		/* errno and the rest of newlib's per-thread state */
	void *tls;		/* %fs base */
	void *pthread;
	ns_t runtime;
};

/*
 * Start a thread; it runs `entry`, and ends when that returns or calls thread_exit. stack_size in
 * bytes, 0 for the default; rounded up to pages. The name is copied and cut short. NULL if there is
 * no memory. The thread's memory goes by itself after its end: no pointer to it may be used then.
 */
struct thread *thread_create(const char *name, void (*entry)(void *arg), void *arg,
			     size_t stack_size);

NORETURN void thread_exit(void);

/* The running thread; in a handler, the one that was interrupted. */
static inline struct thread *thread_current(void);

void thread_yield(void);

/* At least `ns` nanoseconds. */
void thread_sleep(ns_t ns);

/* Make a sleeping thread runnable; on any other it makes its next thread_sleep_until return at once. */
void thread_wake(struct thread *thread);

/*
 * The parts of a sleep: thread_prepare_sleep, look whether it is still needed, thread_sleep_until.
 * A thread_wake in between is not lost. True if the deadline passed (NS_FOREVER: none).
 */
void thread_prepare_sleep(void);
bool thread_sleep_until(ns_t deadline);

/* Calls `visit` for every thread, upcalls masked. */
void thread_for_each(void (*visit)(const struct thread *thread, void *arg), void *arg);
const char *thread_state_name(const struct thread *thread);

/* --- Implementation ------------------------------------------------------------------------- */

/* What belongs to one vcpu. */
struct cpu {
	struct thread *current;
	bool need_resched;	/* set by timers and wake-ups, looked at on the way out of upcalls */
	bool idle;		/* blocked in Xen: an upcall need not save vector registers */
	uint32_t upcall_depth;
};

extern struct cpu this_cpu;

static inline struct thread *thread_current(void)
{
	return this_cpu.current;
}
