/* SPDX-License-Identifier: MIT */
/* Mutex and semaphore: owner and count are guarded by the lock of the queue beside them. */
#include "guest/lock.h"
#include "guest/panic.h"
#include "guest/thread.h"
#include "guest/vcpu.h"

#define SPINS      1000
#define LOOK_EVERY 16

void mutex_init(struct mutex *mutex)
{
	mutex->owner = NULL;
	wait_queue_init(&mutex->waiters);
}

bool mutex_trylock(struct mutex *mutex)
{
	unsigned long flags = wait_lock(&mutex->waiters);
	bool taken = !mutex->owner;

	if (taken)
		mutex->owner = thread_current();
	wait_unlock(&mutex->waiters, flags);
	return taken;
}

/*
 * While the owner runs on another vcpu it may be done in less time than a sleep and a wake-up take.
 * The owner is compared and not looked into: it may end meanwhile.
 */
bool mutex_spin(struct thread *const *owner)
{
	unsigned int i;

	if (vcpu_count() == 1)
		return false;
	for (i = 0; i < SPINS; i++) {
		const struct thread *thread = READ_ONCE(*owner);

		if (!thread)
			return true;
		if (i % LOOK_EVERY == 0 && !thread_runs(thread))
			return false;
		__builtin_ia32_pause();
	}
	return false;
}

bool mutex_lock_until(struct mutex *mutex, ns_t deadline)
{
	ASSERT(!mutex_held(mutex));
	if (mutex_trylock(mutex))
		return true;
	if (mutex_spin(&mutex->owner) && mutex_trylock(mutex))
		return true;
	return wait_event_until(&mutex->waiters, mutex_trylock(mutex), deadline);
}

void mutex_lock(struct mutex *mutex)
{
	mutex_lock_until(mutex, NS_FOREVER);
}

/*
 * The mutex is free before the first waiter is woken, and is not handed to it: a thread that runs
 * may take it once more, which saves a switch for each turn; the waiter then sleeps again.
 *
 * One step: who takes the mutex next may be the last to need it, and free the memory that it lies
 * in.
 */
void mutex_unlock(struct mutex *mutex)
{
	unsigned long flags = wait_lock(&mutex->waiters);

	ASSERT(mutex_held(mutex));
	mutex->owner = NULL;
	wake_one_locked(&mutex->waiters);
	wait_unlock(&mutex->waiters, flags);
}

bool mutex_held(const struct mutex *mutex)
{
	return READ_ONCE(mutex->owner) == thread_current();
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
