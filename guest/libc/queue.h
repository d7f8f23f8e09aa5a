/* SPDX-License-Identifier: MIT */
/* Wait queues inside POSIX objects, whose static initialisers are all zeros. */
#pragma once

#include <pthread.h>

#include "guest/wait.h"

/* The public headers show two pointers: a list head, and as long as both are NULL an empty one. */
_Static_assert(sizeof(struct __pthread_queue) == sizeof(struct wait_queue), "same shape");

static inline struct wait_queue *libc_queue(struct __pthread_queue *shown)
{
	return (struct wait_queue *)shown;
}
