/* SPDX-License-Identifier: MIT */
/* POSIX semaphores, which are those of guest/lock.h. */
#include <errno.h>
#include <semaphore.h>

#include "guest/libc/libc.h"
#include "guest/lock.h"

_Static_assert(sizeof(sem_t) == sizeof(struct semaphore), "same shape");

static struct semaphore *inner(sem_t *sem)
{
	return (struct semaphore *)sem;
}

int sem_init(sem_t *sem, int shared, unsigned int value)
{
	if (value > SEM_VALUE_MAX)
		return (int)libc_result(-EINVAL);
	semaphore_init(inner(sem), value);
	return 0;
}

int sem_destroy(sem_t *sem)
{
	return 0;
}

int sem_wait(sem_t *sem)
{
	semaphore_down(inner(sem));
	return 0;
}

int sem_trywait(sem_t *sem)
{
	return (int)libc_result(semaphore_trydown(inner(sem)) ? 0 : -EAGAIN);
}

int sem_timedwait(sem_t *sem, const struct timespec *when)
{
	if (semaphore_trydown(inner(sem)))
		return 0;
	if (!timespec_valid(when))
		return (int)libc_result(-EINVAL);
	return (int)libc_result(
		semaphore_down_until(inner(sem), libc_deadline(CLOCK_REALTIME, when)) ? 0
										      : -ETIMEDOUT);
}

int sem_post(sem_t *sem)
{
	if (sem->count == SEM_VALUE_MAX)
		return (int)libc_result(-EOVERFLOW);
	semaphore_up(inner(sem));
	return 0;
}

int sem_getvalue(sem_t *sem, int *value)
{
	*value = (int)sem->count;
	return 0;
}
