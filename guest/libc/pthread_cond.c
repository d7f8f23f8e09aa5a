/* SPDX-License-Identifier: MIT */
/*
 * POSIX condition variables. `sequence` counts signals: a waiter notes it while it holds the
 * mutex, and sleeps until it changes, so no signal given after the mutex was released is lost.
 * One signal may let more than one waiter go, which POSIX allows; waiters look at their condition
 * again anyway.
 */
#include <errno.h>
#include <pthread.h>

#include "guest/libc/libc.h"
#include "guest/libc/queue.h"

int pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *attr)
{
	*cond = (pthread_cond_t){ .clock = attr ? attr->clock : CLOCK_REALTIME };
	return 0;
}

int pthread_cond_destroy(pthread_cond_t *cond)
{
	return 0;
}

/* Gives a recursive mutex back as a whole, and takes it again with its depth. */
static int wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex, ns_t deadline)
{
	struct wait_queue *queue = libc_queue(&cond->waiters);
	unsigned int seen = cond->sequence, depth = mutex->depth;
	bool signalled;
	int err;

	mutex->depth = 0;
	err = pthread_mutex_unlock(mutex);
	if (err) {
		mutex->depth = depth;
		return err;
	}
	signalled = wait_event_until(queue, READ_ONCE(cond->sequence) != seen, deadline);
	pthread_mutex_lock(mutex);
	mutex->depth = depth;
	return signalled ? 0 : ETIMEDOUT;
}

int pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
	return wait_until(cond, mutex, NS_FOREVER);
}

int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
			   const struct timespec *when)
{
	clockid_t clock = cond->clock ? cond->clock : CLOCK_REALTIME;

	if (!timespec_valid(when))
		return EINVAL;
	return wait_until(cond, mutex, libc_deadline(clock, when));
}

int pthread_cond_signal(pthread_cond_t *cond)
{
	__atomic_fetch_add(&cond->sequence, 1, __ATOMIC_SEQ_CST);
	wake_one(libc_queue(&cond->waiters));
	return 0;
}

int pthread_cond_broadcast(pthread_cond_t *cond)
{
	__atomic_fetch_add(&cond->sequence, 1, __ATOMIC_SEQ_CST);
	wake_all(libc_queue(&cond->waiters));
	return 0;
}

int pthread_condattr_init(pthread_condattr_t *attr)
{
	*attr = (pthread_condattr_t){ .clock = CLOCK_REALTIME };
	return 0;
}

int pthread_condattr_destroy(pthread_condattr_t *attr)
{
	return 0;
}

int pthread_condattr_setclock(pthread_condattr_t *attr, clockid_t clock)
{
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
		return EINVAL;
	attr->clock = clock;
	return 0;
}

int pthread_condattr_getclock(const pthread_condattr_t *attr, clockid_t *clock)
{
	*clock = attr->clock;
	return 0;
}

int pthread_condattr_setpshared(pthread_condattr_t *attr, int shared)
{
	attr->process_shared = shared;
	return 0;
}

int pthread_condattr_getpshared(const pthread_condattr_t *attr, int *shared)
{
	*shared = attr->process_shared;
	return 0;
}
