/* SPDX-License-Identifier: MIT */
/* Wait queues. */
#include "guest/irq.h"
#include "guest/thread.h"
#include "guest/wait.h"

void wait_queue_init(struct wait_queue *queue)
{
	list_init(&queue->sleepers);
}

void wait_prepare(struct wait_queue *queue, struct wait_entry *entry)
{
	unsigned long flags = irq_save();

	entry->thread = thread_current();
	list_push_back(&queue->sleepers, &entry->link);
	irq_restore(flags);
}

/*
 * Whoever woke us has taken the entry off the queue already; a timeout has not. Removing it again
 * is harmless (lib/list.h: a removed node is a list of its own).
 */
bool wait_sleep(ns_t deadline)
{
	return thread_sleep_until(deadline);
}

void wait_finish(struct wait_entry *entry)
{
	unsigned long flags = irq_save();

	list_remove(&entry->link);
	irq_restore(flags);
}

/* Taken off the queue, so that the next wake-up is for the next sleeper. Masked. */
static bool wake_first(struct wait_queue *queue)
{
	struct list *first = list_pop_front(&queue->sleepers);

	if (!first)
		return false;
	thread_wake(list_entry(first, struct wait_entry, link)->thread);
	return true;
}

void wake_one(struct wait_queue *queue)
{
	unsigned long flags = irq_save();

	wake_first(queue);
	irq_restore(flags);
}

void wake_all(struct wait_queue *queue)
{
	unsigned long flags = irq_save();

	while (wake_first(queue))
		;
	irq_restore(flags);
}
