/* SPDX-License-Identifier: MIT */
/*
 * newlib's locks: its nine static ones, and those that it makes for files. All count, as
 * recursive ones.
 */
#include <stdlib.h>
#include <sys/lock.h>

#include "guest/lock.h"
#include "guest/panic.h"

struct __lock {
	struct mutex mutex;
	unsigned int depth; /* mutex held */
};

#define NEWLIB_LOCK(name) struct __lock __lock_##name = { .mutex = MUTEX_INIT(__lock_##name.mutex) }

NEWLIB_LOCK(__arc4random_mutex);
NEWLIB_LOCK(__at_quick_exit_mutex);
NEWLIB_LOCK(__atexit_recursive_mutex);
NEWLIB_LOCK(__dd_hash_mutex);
NEWLIB_LOCK(__env_recursive_mutex);
NEWLIB_LOCK(__malloc_recursive_mutex);
NEWLIB_LOCK(__sfp_recursive_mutex);
NEWLIB_LOCK(__sinit_recursive_mutex);
NEWLIB_LOCK(__tz_mutex);

void __retarget_lock_init_recursive(_LOCK_T *lock)
{
	struct __lock *made = malloc(sizeof(*made));

	/* newlib has no way to hear of a failure. */
	if (!made)
		panic("no memory for a lock");
	mutex_init(&made->mutex);
	made->depth = 0;
	*lock = made;
}

void __retarget_lock_init(_LOCK_T *lock)
{
	__retarget_lock_init_recursive(lock);
}

void __retarget_lock_close_recursive(_LOCK_T lock)
{
	free(lock);
}

void __retarget_lock_close(_LOCK_T lock)
{
	free(lock);
}

void __retarget_lock_acquire_recursive(_LOCK_T lock)
{
	if (!mutex_trylock(&lock->mutex) && !mutex_held(&lock->mutex))
		mutex_lock(&lock->mutex);
	lock->depth++;
}

void __retarget_lock_acquire(_LOCK_T lock)
{
	__retarget_lock_acquire_recursive(lock);
}

/* newlib wants 0 for success. */
int __retarget_lock_try_acquire_recursive(_LOCK_T lock)
{
	if (!mutex_held(&lock->mutex) && !mutex_trylock(&lock->mutex))
		return -1;
	lock->depth++;
	return 0;
}

int __retarget_lock_try_acquire(_LOCK_T lock)
{
	return __retarget_lock_try_acquire_recursive(lock);
}

void __retarget_lock_release_recursive(_LOCK_T lock)
{
	if (!--lock->depth)
		mutex_unlock(&lock->mutex);
}

void __retarget_lock_release(_LOCK_T lock)
{
	__retarget_lock_release_recursive(lock);
}
