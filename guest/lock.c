/* SPDX-License-Identifier: MIT */
/*
 * Mutex and semaphore. A mutex is one word: its owner, and WAITED where somebody may sleep for it.
 * While nobody does, it is taken and released by one exchange each. Who waits sets WAITED, so that
 * the release takes the way of the queue; and who waited holds it with WAITED set, because others
 * may sleep still. A semaphore's count is guarded by the lock of the queue beside it.
 */
#include "guest/lock.h"
#include "guest/panic.h"
#include "guest/spinlock.h"
#include "guest/thread.h"
#include "guest/vcpu.h"

#define SPINS      100
#define LOOK_EVERY 16

void mutex_init(struct mutex *mutex)
{
	mutex->owner = NULL;
	wait_queue_init(&mutex->waiters);
}

#define WAITED 1UL /* a thread's address is even */

static bool change(struct mutex *mutex, uintptr_t *seen, uintptr_t to)
{
	return __atomic_compare_exchange_n((uintptr_t *)&mutex->owner, seen, to, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

bool mutex_trylock(struct mutex *mutex)
{
	uintptr_t seen = 0;

	return change(mutex, &seen, (uintptr_t)thread_current());
}

/* False: the owner knows that somebody waits. */
static bool take_or_wait(struct mutex *mutex)
{
	uintptr_t seen = 0;

	while (!change(mutex, &seen, (uintptr_t)thread_current() | WAITED)) {
		if (seen & WAITED || (seen && change(mutex, &seen, seen | WAITED)))
			return false;
		seen = 0;
	}
	return true;
}

/*
 * While the owner runs on another vcpu it may be done in less time than a sleep and a wake-up take;
 * but who has another thread to run on this one had better run that. The owner is compared and not
 * looked into: it may end meanwhile.
 */
bool mutex_spin(struct thread *const *owner)
{
	unsigned int i;

	if (vcpu_count() == 1)
		return false;
	for (i = 0; i < SPINS; i++) {
		uintptr_t word = (uintptr_t)READ_ONCE(*owner) & ~WAITED;
		const struct thread *thread = (const struct thread *)word;

		if (!thread)
			return true;
		if (i % LOOK_EVERY == 0 && (thread_waits() || !thread_runs(thread)))
			return false;
		spin_pause(i);
	}
	return false;
}

static NOINLINE bool lock_waiting(struct mutex *mutex, ns_t deadline)
{
	ASSERT(!mutex_held(mutex));
	if (mutex_spin(&mutex->owner) && mutex_trylock(mutex))
		return true;
	return wait_event_until(&mutex->waiters, take_or_wait(mutex), deadline);
}

bool mutex_lock_until(struct mutex *mutex, ns_t deadline)
{
	return likely(mutex_trylock(mutex)) || lock_waiting(mutex, deadline);
}

void mutex_lock(struct mutex *mutex)
{
	if (unlikely(!mutex_trylock(mutex)))
		lock_waiting(mutex, NS_FOREVER);
}

/*
 * The mutex is free before the first waiter is woken, and is not handed to it: a thread that runs
 * may take it once more, which saves a switch for each turn; the waiter then sleeps again.
 *
 * Nothing of the mutex is touched once it is free: who takes it next may be the last to need it,
 * and free the memory that it lies in. So the waiter is taken off the queue before, and woken
 * behind.
 */
static NOINLINE void release_waited(struct mutex *mutex)
{
	struct wait_queue *queue = &mutex->waiters;
	unsigned long flags;
	struct thread *first;

	ASSERT(mutex_held(mutex));
	flags = wait_lock(queue);
	first = wait_pop_locked(queue);
	__atomic_store_n(&mutex->owner, NULL, __ATOMIC_SEQ_CST);
	if (first)
		thread_wake(first);
	wait_unlock(queue, flags);
}

void mutex_unlock(struct mutex *mutex)
{
	uintptr_t seen = (uintptr_t)thread_current();

	if (unlikely(!change(mutex, &seen, 0)))
		release_waited(mutex);
}

bool mutex_held(const struct mutex *mutex)
{
	return ((uintptr_t)READ_ONCE(mutex->owner) & ~WAITED) == (uintptr_t)thread_current();
}

void semaphore_init(struct semaphore *sem, unsigned int count)
{
	sem->count = count;
	wait_queue_init(&sem->waiters);
}

bool semaphore_trydown(struct semaphore *sem)
{
	unsigned long flags = wait_lock(&sem->waiters);
	bool taken = sem->count > 0;

	if (taken)
		sem->count--;
	wait_unlock(&sem->waiters, flags);
	return taken;
}

bool semaphore_down_until(struct semaphore *sem, ns_t deadline)
{
	return wait_event_until(&sem->waiters, semaphore_trydown(sem), deadline);
}

void semaphore_down(struct semaphore *sem)
{
	semaphore_down_until(sem, NS_FOREVER);
}

void semaphore_up(struct semaphore *sem)
{
	unsigned long flags = wait_lock(&sem->waiters);

	sem->count++;
	wake_one_locked(&sem->waiters);
	wait_unlock(&sem->waiters, flags);
}
