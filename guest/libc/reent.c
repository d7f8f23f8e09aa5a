/* SPDX-License-Identifier: MIT */
/*
 * newlib's state of each thread (errno and more): at the top of its stack, set up when first
 * asked for.
 */
#include <reent.h>

#include "guest/thread.h"

const size_t libc_thread_size = sizeof(struct _reent);

/* The first thread to ask gets the static one that newlib's own start uses; set once, for good. */
static bool global_taken;

struct _reent *__getreent(void)
{
	struct thread *thread = thread_current();
	struct _reent *reent = thread->libc;

	if (reent)
		return reent;
	/* In one step: a thread may be preempted for another one that asks, too. */
	if (!__atomic_test_and_set(&global_taken, __ATOMIC_RELAXED) || !thread->libc_space) {
		reent = _GLOBAL_REENT;
	} else {
		reent = thread->libc_space;
		_REENT_INIT_PTR(reent);
	}
	thread->libc = reent;
	return reent;
}

void libc_thread_exit(struct thread *thread);

/* Frees what newlib hung into it; the struct itself goes with the stack. */
void libc_thread_exit(struct thread *thread)
{
	if (thread->libc && thread->libc != _GLOBAL_REENT)
		_reclaim_reent(thread->libc);
}
