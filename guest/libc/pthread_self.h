/* SPDX-License-Identifier: MIT */
/* What a pthread is beyond its thread: it outlives it until somebody has joined it. */
#pragma once

#include <pthread.h>

#include "guest/thread.h"
#include "guest/wait.h"

struct pthread_value {
	void *value;
	unsigned int round;
};

struct pthread {
	struct thread *thread; /* valid while the thread runs */
	void *(*entry)(void *arg);
	void *arg, *result;
	struct pthread_value *values; /* PTHREAD_KEYS_MAX of them; NULL: none was ever set */
	struct _pthread_cleanup_context *cleanups;
	struct wait_queue joiners;

	/* wait_lock(&joiners). */
	bool ended, detached, joining, cancelled;
	bool cancel_disabled;
};

/* NULL if the thread is no pthread (yet). */
static inline struct pthread *pthread_of(const struct thread *thread)
{
	return thread->pthread;
}

/*
 * The caller's, made for a thread that was not created as one (main's, a driver's); NULL: no
 * memory.
 */
struct pthread *pthread_adopt(void);

void pthread_values_destroy(struct pthread *self);
