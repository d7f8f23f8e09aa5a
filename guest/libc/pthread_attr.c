/* SPDX-License-Identifier: MIT */
/* Attributes of POSIX threads: stack size and detachment have effect, priorities do not exist. */
#include <errno.h>
#include <pthread.h>

#include "guest/thread.h"

int pthread_attr_init(pthread_attr_t *attr)
{
	*attr = (pthread_attr_t){ .stacksize = THREAD_STACK_DEFAULT,
				  .guardsize = PAGE_SIZE,
				  .detachstate = PTHREAD_CREATE_JOINABLE };
	return 0;
}

int pthread_attr_destroy(pthread_attr_t *attr)
{
	return 0;
}

int pthread_attr_setstacksize(pthread_attr_t *attr, size_t size)
{
	if (size < PTHREAD_STACK_MIN)
		return EINVAL;
	attr->stacksize = size;
	return 0;
}

int pthread_attr_getstacksize(const pthread_attr_t *attr, size_t *size)
{
	*size = attr->stacksize;
	return 0;
}

/* A stack of the caller's would have no guard page and no room for what we keep at its top. */
int pthread_attr_setstack(pthread_attr_t *attr, void *address, size_t size)
{
	return ENOTSUP;
}

int pthread_attr_setguardsize(pthread_attr_t *attr, size_t size)
{
	attr->guardsize = size;
	return 0;
}

int pthread_attr_getguardsize(const pthread_attr_t *attr, size_t *size)
{
	*size = attr->guardsize;
	return 0;
}

int pthread_attr_setdetachstate(pthread_attr_t *attr, int state)
{
	if (state != PTHREAD_CREATE_DETACHED && state != PTHREAD_CREATE_JOINABLE)
		return EINVAL;
	attr->detachstate = state;
	return 0;
}

int pthread_attr_getdetachstate(const pthread_attr_t *attr, int *state)
{
	*state = attr->detachstate;
	return 0;
}

int pthread_attr_setschedparam(pthread_attr_t *attr, const struct sched_param *param)
{
	attr->schedparam = *param;
	return 0;
}

int pthread_attr_getschedparam(const pthread_attr_t *attr, struct sched_param *param)
{
	*param = attr->schedparam;
	return 0;
}
