/* SPDX-License-Identifier: MIT */
/*
 * Wait queues. Their locks are not in them but here, some for all: so a queue is two pointers, all
 * zeros is an empty one, and its memory may go while somebody who was woken from it still has to
 * pass its lock.
 *
 * A sleeper is woken with the lock held, and takes the lock before it leaves, so neither its entry
 * nor its thread goes away under the hands of whoever wakes it.
 */
#include "guest/spinlock.h"
#include "guest/thread.h"
#include "guest/wait.h"

#define LOCKS_ORDER 6

static struct {
	struct spinlock lock;
} ALIGNED(64) locks[1 << LOCKS_ORDER];

static struct spinlock *lock_of(const struct wait_queue *queue)
{
	/* The golden ratio's bits; the low ones of an address say nothing. */
	uint32_t hash = (uint32_t)((uintptr_t)queue >> 4) * 0x9e3779b1u;

	return &locks[hash >> (32 - LOCKS_ORDER)].lock;
}

unsigned long wait_lock(struct wait_queue *queue)
{
	return spin_lock_save(lock_of(queue));
}

void wait_unlock(struct wait_queue *queue, unsigned long flags)
{
	spin_unlock_restore(lock_of(queue), flags);
}

void wait_queue_init(struct wait_queue *queue)
{
	list_init(&queue->sleepers);
}

void wait_prepare(struct wait_queue *queue, struct wait_entry *entry)
{
	unsigned long flags = wait_lock(queue);

	entry->thread = thread_current();
	entry->queue = queue;
	if (!queue->sleepers.next)
		wait_queue_init(queue);
	list_push_back(&queue->sleepers, &entry->link);
	wait_unlock(queue, flags);
}

bool wait_sleep(ns_t deadline)
{
	return thread_sleep_until(deadline);
}

/*
 * Whoever woke us has taken the entry off the queue already; a timeout has not. Removing it again
 * is harmless (lib/list.h: a removed node is a list of its own).
 */
void wait_finish(struct wait_entry *entry)
{
	unsigned long flags = wait_lock(entry->queue);

	list_remove(&entry->link);
	wait_unlock(entry->queue, flags);
}

/* Taken off the queue, so that the next wake-up is for the next sleeper. */
struct thread *wait_pop_locked(struct wait_queue *queue)
{
	struct list *first;

	if (!queue->sleepers.next || list_empty(&queue->sleepers))
		return NULL;
	first = list_pop_front(&queue->sleepers);
	return list_entry(first, struct wait_entry, link)->thread;
}

bool wake_one_locked(struct wait_queue *queue)
{
	struct thread *first = wait_pop_locked(queue);

	if (first)
		thread_wake(first);
	return first;
}

void wake_all_locked(struct wait_queue *queue)
{
	while (wake_one_locked(queue))
		;
}

void wake_one(struct wait_queue *queue)
{
	unsigned long flags = wait_lock(queue);

	wake_one_locked(queue);
	wait_unlock(queue, flags);
}

void wake_all(struct wait_queue *queue)
{
	unsigned long flags = wait_lock(queue);

	wake_all_locked(queue);
	wait_unlock(queue, flags);
}
