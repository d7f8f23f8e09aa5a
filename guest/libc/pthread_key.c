/* SPDX-License-Identifier: MIT */
/* Thread-specific values, and things that are done once. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "guest/libc/pthread_self.h"
#include "guest/spinlock.h"
#include "guest/thread.h"
#include "guest/wait.h"

struct key {
	bool used;
	unsigned int round; /* a value of an earlier owner of the key is no value */
	void (*destructor)(void *value);
};

static SPINLOCK(lock); /* which keys are in use */
static struct key keys[PTHREAD_KEYS_MAX];

int pthread_key_create(pthread_key_t *out, void (*destructor)(void *value))
{
	unsigned long flags = spin_lock_save(&lock);
	unsigned int i;

	for (i = 0; i < PTHREAD_KEYS_MAX && keys[i].used; i++)
		;
	if (i < PTHREAD_KEYS_MAX) {
		keys[i].used = true;
		keys[i].round++;
		keys[i].destructor = destructor;
	}
	spin_unlock_restore(&lock, flags);
	*out = i;
	return i < PTHREAD_KEYS_MAX ? 0 : EAGAIN;
}

int pthread_key_delete(pthread_key_t key)
{
	if (key >= PTHREAD_KEYS_MAX || !keys[key].used)
		return EINVAL;
	keys[key].used = false;
	return 0;
}

void *pthread_getspecific(pthread_key_t key)
{
	struct pthread *self = pthread_of(thread_current());

	if (key >= PTHREAD_KEYS_MAX || !self || !self->values ||
	    self->values[key].round != keys[key].round)
		return NULL;
	return self->values[key].value;
}

int pthread_setspecific(pthread_key_t key, const void *value)
{
	struct pthread *self = pthread_adopt();

	if (key >= PTHREAD_KEYS_MAX || !keys[key].used)
		return EINVAL;
	if (!self)
		return ENOMEM;
	if (!self->values) {
		if (!value)
			return 0;
		self->values = calloc(PTHREAD_KEYS_MAX, sizeof(*self->values));
		if (!self->values)
			return ENOMEM;
	}
	self->values[key].value = (void *)value;
	self->values[key].round = keys[key].round;
	return 0;
}

/* Destructors may set values anew, so several rounds. */
void pthread_values_destroy(struct pthread *self)
{
	unsigned int round, i;
	bool again = true;

	for (round = 0; self->values && again && round < PTHREAD_DESTRUCTOR_ITERATIONS; round++) {
		again = false;
		for (i = 0; i < PTHREAD_KEYS_MAX; i++) {
			void *value = pthread_getspecific(i);

			self->values[i].value = NULL;
			if (!value || !keys[i].used || !keys[i].destructor)
				continue;
			keys[i].destructor(value);
			again = true;
		}
	}
	free(self->values);
	self->values = NULL;
}

/* --- Once --------------------------------------------------------------- */

enum { ONCE_NEW, ONCE_RUNNING, ONCE_DONE };

int pthread_once(pthread_once_t *once, void (*fn)(void))
{
	static WAIT_QUEUE(queue);
	int old = ONCE_NEW;

	if (likely(__atomic_load_n(&once->state, __ATOMIC_ACQUIRE) == ONCE_DONE))
		return 0;
	if (__atomic_compare_exchange_n(&once->state, &old, ONCE_RUNNING, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE)) {
		fn();
		__atomic_store_n(&once->state, ONCE_DONE, __ATOMIC_RELEASE);
		wake_all(&queue);
		return 0;
	}
	wait_event(&queue, __atomic_load_n(&once->state, __ATOMIC_ACQUIRE) == ONCE_DONE);
	return 0;
}
