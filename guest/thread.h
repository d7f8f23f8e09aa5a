/* SPDX-License-Identifier: MIT */
/* Preemptive kernel threads of this one-application system, on all its vcpus. */
#pragma once

#include "guest/cpu_offsets.h"
#include "guest/types.h"
#include "guest/vcpu.h"
#include "guest/wait.h"

/*
 * All threads share the address space and are equal: no priorities, a runnable thread waits for at
 * most two time slices of each other one. Preemption happens on the way out of an upcall, so never
 * while upcalls are masked.
 */
#define THREAD_STACK_DEFAULT (64 * 1024UL)
#define THREAD_SLICE         (2 * NS_PER_MS)
#define THREAD_NAME_MAX      16

struct cpu;

enum thread_state {
	THREAD_READY,    /* on a run queue, or running */
	THREAD_SLEEPING, /* until a wake-up or the deadline */
	THREAD_DEAD,
};

struct thread {
	/* Used by the switch, known to entry.S: keep first. */
	unsigned long sp;

	/* The scheduler's; the lock of `cpu`, which changes under that lock only. */
	struct cpu *cpu; /* whose queue it is on, or was last */
	enum thread_state state;
	bool wake_pending; /* a wake-up while not asleep */
	vcpu_mask_t affinity;
	struct list run_link;
	struct clock_timer timeout;
	bool timed_out;

	/* Constant after creation. */
	uint32_t id;
	char name[THREAD_NAME_MAX];
	void *stack; /* lowest usable byte; an unmapped page is below */
	size_t stack_size;
	void (*entry)(void *arg);
	void *arg;

	/* Only the thread itself, and libc on its behalf. */
	void *libc;       /* errno and the rest of newlib's per-thread state; NULL: none yet */
	void *libc_space; /* libc_thread_size bytes for that, zeroed */
	void *tls;        /* %fs base */
	void *pthread;
};

/*
 * Start a thread; it runs `entry`, and ends when that returns or calls thread_exit. stack_size in
 * bytes, 0 for the default; rounded up to pages. The name is copied and cut short. NULL if there is
 * no memory. The thread's memory goes by itself after its end: no pointer to it may be used then.
 */
struct thread *thread_create(const char *name, void (*entry)(void *arg), void *arg,
			     size_t stack_size);

/* In two steps, for what must be known of a thread before it runs. */
struct thread *thread_prepare(const char *name, void (*entry)(void *arg), void *arg,
			      size_t stack_size);
void thread_start(struct thread *thread);

/*
 * The same for a thread that runs on certain vcpus only, as long as one of them is up; and the
 * choice changed later, for a thread that is known to live. A thread on the wrong vcpu leaves it
 * soon, the caller at once.
 */
struct thread *thread_create_on(vcpu_mask_t allowed, const char *name, void (*entry)(void *arg),
				void *arg, size_t stack_size);
void thread_set_affinity(struct thread *thread, vcpu_mask_t allowed);

NORETURN void thread_exit(void);

/* Does it run on some vcpu at this moment? It need not exist any more. */
bool thread_runs(const struct thread *thread);

/* Does another thread wait for the caller's vcpu? A hint. */
bool thread_waits(void);

/* The running thread; in a handler, the one that was interrupted. */
static inline struct thread *thread_current(void);

void thread_yield(void);

/* At least `ns` nanoseconds. */
void thread_sleep(ns_t ns);

/*
 * Make a sleeping thread runnable; on any other it makes its next thread_sleep_until return at
 * once.
 */
void thread_wake(struct thread *thread);

/*
 * Sleep until thread_wake, or the deadline (clock_ns time, NS_FOREVER: none): then true. Look
 * whether the sleep is still needed before it, and again after it: a wake-up in between is not
 * lost, and one meant for an earlier sleep may end this one.
 */
bool thread_sleep_until(ns_t deadline);

/* --- Implementation ----------------------------------------------------- */

/* Not volatile: for the thread that asks it is always the same, wherever it runs. */
static inline struct thread *thread_current(void)
{
	struct thread *thread;

	__asm__("movq %%gs:%c1, %0" : "=r"(thread) : "i"(CPU_CURRENT));
	return thread;
}
