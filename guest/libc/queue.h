/* SPDX-License-Identifier: MIT */
/* Wait queues inside POSIX objects, whose static initialisers are all zeros. */
#pragma once

#include <pthread.h>

#include "guest/wait.h"

/* The public headers show two pointers: a list head that is set up when it is first used. */
_Static_assert(sizeof(struct __pthread_queue) == sizeof(struct wait_queue), "same shape");

static inline struct wait_queue *libc_queue(struct __pthread_queue *shown)
{
	struct wait_queue *queue = (struct wait_queue *)shown;

	if (!queue->sleepers.next) {
		unsigned long flags = irq_save();

		if (!queue->sleepers.next)
			wait_queue_init(queue);
		irq_restore(flags);
	}
	return queue;
}
