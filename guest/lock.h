/* SPDX-License-Identifier: MIT */
/*
 * Locks that sleep: mutex and counting semaphore. For data shared with handlers see
 * guest/spinlock.h.
 */
#pragma once

#include "guest/wait.h"

/*
 * A mutex is taken and released by threads, each by the one that took it. Handlers may not touch
 * it. It is granted in order of arrival only roughly: a running thread may take it before a woken
 * one.
 */
struct mutex {
	struct thread *owner; /* NULL: free; atomic, with a mark: lock.c */
	struct wait_queue waiters;
};

#define MUTEX_INIT(m)                                                  \
	{                                                              \
		.owner = NULL, .waiters = WAIT_QUEUE_INIT((m).waiters) \
	}
#define MUTEX(name) struct mutex name = MUTEX_INIT(name)

void mutex_init(struct mutex *mutex);
void mutex_lock(struct mutex *mutex);
bool mutex_trylock(struct mutex *mutex);
bool mutex_lock_until(struct mutex *mutex, ns_t deadline); /* false: too late */
void mutex_unlock(struct mutex *mutex);
bool mutex_held(const struct mutex *mutex); /* by the caller; for assertions */

/*
 * A bounded wait for the owner of such a lock, as long as it runs on another vcpu: true when the
 * lock was seen free. For those who build locks of their own.
 */
bool mutex_spin(struct thread *const *owner);

/* semaphore_up may be called from handlers. */
struct semaphore {
	unsigned int count; /* wait_lock(&waiters) */
	struct wait_queue waiters;
};

#define SEMAPHORE_INIT(s, n)                                          \
	{                                                             \
		.count = (n), .waiters = WAIT_QUEUE_INIT((s).waiters) \
	}

void semaphore_init(struct semaphore *sem, unsigned int count);
void semaphore_down(struct semaphore *sem);
bool semaphore_trydown(struct semaphore *sem);
bool semaphore_down_until(struct semaphore *sem, ns_t deadline); /* false: too late */
void semaphore_up(struct semaphore *sem);
