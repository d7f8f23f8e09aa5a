/* SPDX-License-Identifier: MIT */
/* The objects of <pthread.h>. All-zero bytes are the static initialisers. */
#pragma once

#include <sys/sched.h>

typedef unsigned long pthread_t;

#define PTHREAD_SCOPE_PROCESS         0
#define PTHREAD_SCOPE_SYSTEM          1
#define PTHREAD_INHERIT_SCHED         1
#define PTHREAD_EXPLICIT_SCHED        2
#define PTHREAD_CREATE_DETACHED       0
#define PTHREAD_CREATE_JOINABLE       1
#define PTHREAD_PROCESS_PRIVATE       0
#define PTHREAD_PROCESS_SHARED        1
#define PTHREAD_STACK_MIN             16384
#define PTHREAD_KEYS_MAX              64
#define PTHREAD_DESTRUCTOR_ITERATIONS 4

typedef struct {
	void *stackaddr;
	unsigned long stacksize; /* bytes; 0: the default */
	unsigned long guardsize;
	int detachstate;
	struct sched_param schedparam;
} pthread_attr_t;

#define PTHREAD_MUTEX_NORMAL     0
#define PTHREAD_MUTEX_RECURSIVE  1
#define PTHREAD_MUTEX_ERRORCHECK 2
#define PTHREAD_MUTEX_DEFAULT    PTHREAD_MUTEX_NORMAL

/* A list head that may be all zeros: then it is empty. */
struct __pthread_queue {
	void *next, *prev;
};

typedef struct {
	void *owner;        /* struct thread */
	unsigned int depth; /* how often a recursive mutex is held */
	int type;
	struct __pthread_queue waiters;
} pthread_mutex_t;

#define _PTHREAD_MUTEX_INITIALIZER           \
	{                                    \
		0, 0, PTHREAD_MUTEX_DEFAULT, \
		{                            \
			0, 0                 \
		}                            \
	}
#define PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP \
	{                                      \
		0, 0, PTHREAD_MUTEX_RECURSIVE, \
		{                              \
			0, 0                   \
		}                              \
	}

typedef struct {
	int type;
	int process_shared;
} pthread_mutexattr_t;

typedef struct {
	clockid_t clock; /* of timed waits; 0: CLOCK_REALTIME */
	unsigned int sequence;
	struct __pthread_queue waiters;
} pthread_cond_t;

#define _PTHREAD_COND_INITIALIZER \
	{                         \
		0, 0,             \
		{                 \
			0, 0      \
		}                 \
	}

typedef struct {
	clockid_t clock;
	int process_shared;
} pthread_condattr_t;

typedef unsigned int pthread_key_t;

typedef struct {
	int state;
} pthread_once_t;

#define _PTHREAD_ONCE_INIT \
	{                  \
		0          \
	}

typedef struct {
	unsigned int needed, arrived, round;
	struct __pthread_queue waiters;
} pthread_barrier_t;

typedef struct {
	int process_shared;
} pthread_barrierattr_t;

typedef struct {
	int held;
} pthread_spinlock_t;

typedef struct {
	unsigned int readers;
	unsigned int writers_waiting;
	void *writer; /* struct thread */
	struct __pthread_queue waiters;
} pthread_rwlock_t;

#define _PTHREAD_RWLOCK_INITIALIZER \
	{                           \
		0, 0, 0,            \
		{                   \
			0, 0        \
		}                   \
	}

typedef struct {
	int process_shared;
} pthread_rwlockattr_t;
