/* SPDX-License-Identifier: MIT */
/* POSIX mutexes: normal, recursive and error-checking. Priorities do not exist. */
#include <errno.h>
#include <pthread.h>

#include "guest/libc/libc.h"
#include "guest/libc/queue.h"
#include "guest/lock.h"
#include "guest/thread.h"

static bool take(pthread_mutex_t *mutex)
{
	struct wait_queue *queue = libc_queue(&mutex->waiters);
	unsigned long flags = wait_lock(queue);
	bool taken = !mutex->owner;

	if (taken)
		mutex->owner = thread_current();
	wait_unlock(queue, flags);
	return taken;
}

/*
 * A normal mutex that its holder takes again waits for ever, or until the deadline, as POSIX has
 * it.
 */
static int lock_until(pthread_mutex_t *mutex, ns_t deadline)
{
	if (likely(take(mutex)))
		return 0;
	if (mutex->owner == thread_current()) {
		if (mutex->type == PTHREAD_MUTEX_RECURSIVE) {
			mutex->depth++;
			return 0;
		}
		if (mutex->type == PTHREAD_MUTEX_ERRORCHECK)
			return EDEADLK;
	}
	if (mutex_spin((struct thread *const *)&mutex->owner) && take(mutex))
		return 0;
	return wait_event_until(libc_queue(&mutex->waiters), take(mutex), deadline) ? 0 : ETIMEDOUT;
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
	return lock_until(mutex, NS_FOREVER);
}

int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *when)
{
	if (take(mutex))
		return 0;
	if (!timespec_valid(when))
		return EINVAL;
	return lock_until(mutex, libc_deadline(CLOCK_REALTIME, when));
}

int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
	if (take(mutex))
		return 0;
	if (mutex->owner == thread_current() && mutex->type == PTHREAD_MUTEX_RECURSIVE) {
		mutex->depth++;
		return 0;
	}
	return EBUSY;
}

/*
 * Free and the wake-up are one step: whoever takes the mutex next may destroy it and free its
 * memory as soon as it has unlocked it in turn, which POSIX allows.
 */
int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	struct wait_queue *queue = libc_queue(&mutex->waiters);
	unsigned long flags;

	if (mutex->owner != thread_current())
		return EPERM;
	if (mutex->depth) {
		mutex->depth--;
		return 0;
	}
	flags = wait_lock(queue);
	mutex->owner = NULL;
	wake_one_locked(queue);
	wait_unlock(queue, flags);
	return 0;
}

int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr)
{
	*mutex = (pthread_mutex_t){ .type = attr ? attr->type : PTHREAD_MUTEX_DEFAULT };
	return 0;
}

int pthread_mutex_destroy(pthread_mutex_t *mutex)
{
	return mutex->owner ? EBUSY : 0;
}

/* --- Attributes --------------------------------------------------------- */

int pthread_mutexattr_init(pthread_mutexattr_t *attr)
{
	*attr = (pthread_mutexattr_t){ .type = PTHREAD_MUTEX_DEFAULT };
	return 0;
}

int pthread_mutexattr_destroy(pthread_mutexattr_t *attr)
{
	return 0;
}

int pthread_mutexattr_settype(pthread_mutexattr_t *attr, int type)
{
	if (type < PTHREAD_MUTEX_NORMAL || type > PTHREAD_MUTEX_ERRORCHECK)
		return EINVAL;
	attr->type = type;
	return 0;
}

int pthread_mutexattr_gettype(const pthread_mutexattr_t *attr, int *type)
{
	*type = attr->type;
	return 0;
}

/* All threads share all memory, so both kinds are the same. */
int pthread_mutexattr_setpshared(pthread_mutexattr_t *attr, int shared)
{
	attr->process_shared = shared;
	return 0;
}

int pthread_mutexattr_getpshared(const pthread_mutexattr_t *attr, int *shared)
{
	*shared = attr->process_shared;
	return 0;
}
