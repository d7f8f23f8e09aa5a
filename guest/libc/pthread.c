/* SPDX-License-Identifier: MIT */
/*
 * POSIX threads over guest/thread.h: create, join, detach, exit, cancellation at its points,
 * attributes.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "guest/libc/pthread_self.h"
#include "guest/panic.h"

/* --- Beginning and end -------------------------------------------------- */

struct pthread *pthread_adopt(void)
{
	struct thread *thread = thread_current();
	struct pthread *self = thread->pthread;

	if (self)
		return self;
	self = calloc(1, sizeof(*self));
	if (!self)
		return NULL;
	self->thread = thread;
	wait_queue_init(&self->joiners);
	thread->pthread = self;
	return self;
}

static void begin(void *arg)
{
	struct pthread *self = arg;

	thread_current()->pthread = self;
	pthread_exit(self->entry(self->arg));
}

/* As elsewhere, a thread may run where the one may that creates it. */
int pthread_create(pthread_t *out, const pthread_attr_t *attr, void *(*entry)(void *arg), void *arg)
{
	struct pthread *made = calloc(1, sizeof(*made));
	struct thread *thread;

	if (!made)
		return EAGAIN;
	thread = thread_prepare("pthread", begin, made, attr ? attr->stacksize : 0);
	if (!thread) {
		free(made);
		return EAGAIN;
	}
	thread->affinity = thread_current()->affinity;
	made->thread = thread;
	made->entry = entry;
	made->arg = arg;
	made->detached = attr && attr->detachstate == PTHREAD_CREATE_DETACHED;
	wait_queue_init(&made->joiners);
	*out = (pthread_t)made;
	thread_start(thread);
	return 0;
}

/*
 * The struct belongs to the thread until it has ended, then to whoever joins it; of a detached
 * thread, to the thread. `ended` is set and `detached` read in one step, and pthread_detach does
 * the reverse, so exactly one of the two frees it.
 */
void pthread_exit(void *result)
{
	struct pthread *self = pthread_adopt();
	unsigned long flags;
	bool last_use;

	if (!self)
		thread_exit();
	while (self->cleanups)
		_pthread_cleanup_pop(self->cleanups, 1);
	pthread_values_destroy(self);
	self->result = result;
	self->thread->pthread = NULL;
	flags = wait_lock(&self->joiners);
	self->ended = true;
	last_use = self->detached;
	wake_all_locked(&self->joiners);
	wait_unlock(&self->joiners, flags);
	if (last_use)
		free(self);
	thread_exit();
}

int pthread_join(pthread_t thread, void **result)
{
	struct pthread *other = (struct pthread *)thread;
	unsigned long flags;
	int err = 0;

	if (other == pthread_of(thread_current()))
		return EDEADLK;
	flags = wait_lock(&other->joiners);
	if (other->detached || other->joining)
		err = EINVAL;
	else
		other->joining = true;
	wait_unlock(&other->joiners, flags);
	if (err)
		return err;
	wait_event(&other->joiners, READ_ONCE(other->ended));
	/* Whoever set it has done with the struct only when it has let go of the lock. */
	wait_unlock(&other->joiners, wait_lock(&other->joiners));
	if (result)
		*result = other->result;
	free(other);
	return 0;
}

int pthread_detach(pthread_t thread)
{
	struct pthread *other = (struct pthread *)thread;
	unsigned long flags = wait_lock(&other->joiners);
	bool ended = other->ended, bad = other->detached || other->joining;

	if (!bad)
		other->detached = true;
	wait_unlock(&other->joiners, flags);
	if (bad)
		return EINVAL;
	if (ended)
		free(other);
	return 0;
}

pthread_t pthread_self(void)
{
	struct pthread *self = pthread_adopt();

	if (!self)
		panic("no memory for pthread_self");
	return (pthread_t)self;
}

int pthread_equal(pthread_t a, pthread_t b)
{
	return a == b;
}

void pthread_yield(void)
{
	thread_yield();
}

int sched_yield(void)
{
	thread_yield();
	return 0;
}

/* --- Cancellation: deferred only, seen at pthread_testcancel ------------ */

int pthread_cancel(pthread_t thread)
{
	((struct pthread *)thread)->cancelled = true;
	return 0;
}

void pthread_testcancel(void)
{
	struct pthread *self = pthread_of(thread_current());

	if (self && self->cancelled && !self->cancel_disabled)
		pthread_exit(PTHREAD_CANCELED);
}

int pthread_setcancelstate(int state, int *old)
{
	struct pthread *self = pthread_adopt();

	if (!self)
		return ENOMEM;
	if (state != PTHREAD_CANCEL_ENABLE && state != PTHREAD_CANCEL_DISABLE)
		return EINVAL;
	if (old)
		*old = self->cancel_disabled ? PTHREAD_CANCEL_DISABLE : PTHREAD_CANCEL_ENABLE;
	self->cancel_disabled = state == PTHREAD_CANCEL_DISABLE;
	return 0;
}

int pthread_setcanceltype(int type, int *old)
{
	if (type != PTHREAD_CANCEL_DEFERRED)
		return type == PTHREAD_CANCEL_ASYNCHRONOUS ? ENOTSUP : EINVAL;
	if (old)
		*old = PTHREAD_CANCEL_DEFERRED;
	return 0;
}

void _pthread_cleanup_push(struct _pthread_cleanup_context *context, void (*fn)(void *), void *arg)
{
	struct pthread *self = pthread_adopt();

	if (!self)
		panic("no memory for pthread_cleanup_push");
	context->_routine = fn;
	context->_arg = arg;
	context->_previous = self->cleanups;
	self->cleanups = context;
}

void _pthread_cleanup_pop(struct _pthread_cleanup_context *context, int execute)
{
	pthread_of(thread_current())->cleanups = context->_previous;
	if (execute)
		context->_routine(context->_arg);
}

/* --- Names -------------------------------------------------------------- */

int pthread_setname_np(pthread_t thread, const char *name)
{
	struct thread *named = ((struct pthread *)thread)->thread;

	if (strlen(name) >= sizeof(named->name))
		return ERANGE;
	strlcpy(named->name, name, sizeof(named->name));
	return 0;
}

int pthread_getname_np(pthread_t thread, char *name, size_t size)
{
	return strlcpy(name, ((struct pthread *)thread)->thread->name, size) < size ? 0 : ERANGE;
}
