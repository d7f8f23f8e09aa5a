/* SPDX-License-Identifier: MIT */
/* POSIX reader-writer locks, barriers and spin locks. A writer that waits keeps new readers out. */
#include <errno.h>
#include <pthread.h>

#include "guest/libc/libc.h"
#include "guest/libc/queue.h"
#include "guest/spinlock.h"
#include "guest/thread.h"

/*
 * All waiters share one queue and all are woken when the lock becomes free: each tries again, and
 * the rule that a waiting writer keeps readers out decides.
 */
static bool take_read(pthread_rwlock_t *lock)
{
	unsigned long flags = wait_lock(libc_queue(&lock->waiters));
	bool taken = !lock->writer && !lock->writers_waiting;

	if (taken)
		lock->readers++;
	wait_unlock(libc_queue(&lock->waiters), flags);
	return taken;
}

static bool take_write(pthread_rwlock_t *lock)
{
	unsigned long flags = wait_lock(libc_queue(&lock->waiters));
	bool taken = !lock->writer && !lock->readers;

	if (taken)
		lock->writer = thread_current();
	wait_unlock(libc_queue(&lock->waiters), flags);
	return taken;
}

static int read_until(pthread_rwlock_t *lock, ns_t deadline)
{
	if (lock->writer == thread_current())
		return EDEADLK;
	return wait_event_until(libc_queue(&lock->waiters), take_read(lock), deadline) ? 0
										       : ETIMEDOUT;
}

/* A writer counts as waiting until it has the lock, or has given up. */
static int write_until(pthread_rwlock_t *lock, ns_t deadline)
{
	bool taken;

	if (lock->writer == thread_current())
		return EDEADLK;
	if (take_write(lock))
		return 0;
	__atomic_fetch_add(&lock->writers_waiting, 1, __ATOMIC_SEQ_CST);
	taken = wait_event_until(libc_queue(&lock->waiters), take_write(lock), deadline);
	__atomic_fetch_sub(&lock->writers_waiting, 1, __ATOMIC_SEQ_CST);
	/* Readers that were kept out only by this writer's waiting. */
	if (!taken)
		wake_all(libc_queue(&lock->waiters));
	return taken ? 0 : ETIMEDOUT;
}

int pthread_rwlock_init(pthread_rwlock_t *lock, const pthread_rwlockattr_t *attr)
{
	*lock = (pthread_rwlock_t){ 0 };
	return 0;
}

int pthread_rwlock_destroy(pthread_rwlock_t *lock)
{
	return lock->writer || lock->readers ? EBUSY : 0;
}

int pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
	return read_until(lock, NS_FOREVER);
}

int pthread_rwlock_tryrdlock(pthread_rwlock_t *lock)
{
	return take_read(lock) ? 0 : EBUSY;
}

int pthread_rwlock_timedrdlock(pthread_rwlock_t *lock, const struct timespec *when)
{
	if (take_read(lock))
		return 0;
	return timespec_valid(when) ? read_until(lock, libc_deadline(CLOCK_REALTIME, when))
				    : EINVAL;
}

int pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
	return write_until(lock, NS_FOREVER);
}

int pthread_rwlock_trywrlock(pthread_rwlock_t *lock)
{
	return take_write(lock) ? 0 : EBUSY;
}

int pthread_rwlock_timedwrlock(pthread_rwlock_t *lock, const struct timespec *when)
{
	if (take_write(lock))
		return 0;
	return timespec_valid(when) ? write_until(lock, libc_deadline(CLOCK_REALTIME, when))
				    : EINVAL;
}

int pthread_rwlock_unlock(pthread_rwlock_t *lock)
{
	struct wait_queue *queue = libc_queue(&lock->waiters);
	unsigned long flags = wait_lock(queue);
	bool held = lock->writer == thread_current() || lock->readers;

	if (lock->writer == thread_current())
		lock->writer = NULL;
	else if (lock->readers)
		lock->readers--;
	if (held)
		wake_all_locked(queue);
	wait_unlock(queue, flags);
	return held ? 0 : EPERM;
}

int pthread_rwlockattr_init(pthread_rwlockattr_t *attr)
{
	*attr = (pthread_rwlockattr_t){ 0 };
	return 0;
}

int pthread_rwlockattr_destroy(pthread_rwlockattr_t *attr)
{
	return 0;
}

/* --- Barriers ----------------------------------------------------------- */

int pthread_barrier_init(pthread_barrier_t *barrier, const pthread_barrierattr_t *attr,
			 unsigned int count)
{
	if (!count)
		return EINVAL;
	*barrier = (pthread_barrier_t){ .needed = count };
	return 0;
}

int pthread_barrier_destroy(pthread_barrier_t *barrier)
{
	return barrier->arrived ? EBUSY : 0;
}

int pthread_barrier_wait(pthread_barrier_t *barrier)
{
	struct wait_queue *queue = libc_queue(&barrier->waiters);
	unsigned long flags = wait_lock(queue);
	unsigned int round = barrier->round;
	bool last = ++barrier->arrived == barrier->needed;

	if (last) {
		barrier->arrived = 0;
		barrier->round++;
		wake_all_locked(queue);
	}
	wait_unlock(queue, flags);
	if (last)
		return PTHREAD_BARRIER_SERIAL_THREAD;
	wait_event(queue, READ_ONCE(barrier->round) != round);
	return 0;
}

/* --- Spin locks --------------------------------------------------------- */

#define SPINS 256

int pthread_spin_init(pthread_spinlock_t *lock, int shared)
{
	lock->held = 0;
	return 0;
}

int pthread_spin_destroy(pthread_spinlock_t *lock)
{
	return 0;
}

int pthread_spin_trylock(pthread_spinlock_t *lock)
{
	return __atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE) ? EBUSY : 0;
}

/* The holder may be a thread that waits for this vcpu, or whose vcpu has lost its processor. */
int pthread_spin_lock(pthread_spinlock_t *lock)
{
	unsigned int spins = 0;

	while (pthread_spin_trylock(lock)) {
		if (vcpu_count() > 1 && ++spins % SPINS)
			spin_pause(spins);
		else
			thread_yield();
	}
	return 0;
}

int pthread_spin_unlock(pthread_spinlock_t *lock)
{
	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
	return 0;
}
