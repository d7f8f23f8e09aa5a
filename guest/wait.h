/* SPDX-License-Identifier: MIT */
/* Wait queues: sleep until a condition holds, woken by whoever makes it true. */
#pragma once

#include "guest/clock.h"
#include "guest/types.h"
#include "lib/list.h"

struct thread;

/*
 * Rules. Whoever makes the condition true does so first and wakes afterwards; the sleeper puts
 * itself on the queue first and looks at the condition afterwards. Between the two no wake-up is
 * lost: it comes before the look, which then sees the condition, or after it, and then finds the
 * sleeper on the queue and makes it runnable again.
 * wake_* may be called from any context, upcalls included. wait_* sleep: from threads only, with
 * upcalls unmasked.
 */
struct wait_queue {
	struct list sleepers; /* struct wait_entry; wait_lock. All zeros: an empty one */
};

/* One thread's place on one queue. */
struct wait_entry {
	struct list link; /* wait_lock */
	struct thread *thread;
	struct wait_queue *queue;
};

#define WAIT_QUEUE_INIT(q)                          \
	{                                           \
		.sleepers = LIST_INIT((q).sleepers) \
	}
#define WAIT_QUEUE(name) struct wait_queue name = WAIT_QUEUE_INIT(name)

void wait_queue_init(struct wait_queue *queue);

void wake_one(struct wait_queue *queue); /* the one that has waited longest */
void wake_all(struct wait_queue *queue);

/*
 * The spin lock of a queue may guard its owner's state, too, if that is all in one queue's: within
 * it no other lock is taken but what wake_*_locked takes. It outlives the queue (guest/wait.c), so
 * state and wake-up in one such step let whoever sees the new state free the memory at once.
 */
unsigned long wait_lock(struct wait_queue *queue); /* masks; the result is for wait_unlock */
void wait_unlock(struct wait_queue *queue, unsigned long flags);
bool wake_one_locked(struct wait_queue *queue); /* false: nobody sleeps */
/* The thread that slept longest, off the queue: the caller wakes it before he lets the lock go. */
struct thread *wait_pop_locked(struct wait_queue *queue);
void wake_all_locked(struct wait_queue *queue);

/*
 * The parts of wait_event, for those who wait on several queues: prepare every entry, look,
 * sleep, finish every entry. wait_sleep returns at once if a wake-up came before, and for one
 * that was meant for an earlier wait too, so look again. True if the deadline (clock_ns time) has
 * passed.
 */
void wait_prepare(struct wait_queue *queue, struct wait_entry *entry);
bool wait_sleep(ns_t deadline);
void wait_finish(struct wait_entry *entry);

/*
 * Sleep until the condition holds. It is evaluated several times, with upcalls unmasked, and never
 * again once it was true, so it may take what it waits for.
 */
#define wait_event(queue, condition) ((void)wait_event_until(queue, condition, NS_FOREVER))

/* The same, at most until the deadline (clock_ns time). True if the condition holds. */
#define wait_event_until(queue, condition, deadline)               \
	({                                                         \
		struct wait_entry wait_entry;                      \
		ns_t wait_end = (deadline);                        \
		bool wait_late = false, wait_true;                 \
								   \
		while (!(wait_true = (condition)) && !wait_late) { \
			wait_prepare(queue, &wait_entry);          \
			wait_true = (condition);                   \
			if (!wait_true)                            \
				wait_late = wait_sleep(wait_end);  \
			wait_finish(&wait_entry);                  \
			if (wait_true)                             \
				break;                             \
		}                                                  \
		wait_true;                                         \
	})

/* The same, at most for `ns` nanoseconds from now (NS_FOREVER: no limit). */
#define wait_event_timeout(queue, condition, ns) \
	wait_event_until(queue, condition, clock_deadline(ns))
