/* SPDX-License-Identifier: MIT */
/* newlib's <sched.h>, and what GNU's has beyond it: sets of processors, which are vcpus here. */
#pragma once

#include_next <sched.h>

#include <stddef.h>
#include <sys/types.h>

#define CPU_SETSIZE 1024

typedef struct {
	unsigned long __bits[CPU_SETSIZE / (8 * sizeof(unsigned long))];
} cpu_set_t;

#define __CPU_WORD(cpu) ((size_t)(cpu) / (8 * sizeof(unsigned long)))
#define __CPU_BIT(cpu)	(1UL << ((size_t)(cpu) % (8 * sizeof(unsigned long))))

#define CPU_ZERO(set)	     ((void)(*(set) = (cpu_set_t){ { 0 } }))
#define CPU_SET(cpu, set)    ((void)((set)->__bits[__CPU_WORD(cpu)] |= __CPU_BIT(cpu)))
#define CPU_CLR(cpu, set)    ((void)((set)->__bits[__CPU_WORD(cpu)] &= ~__CPU_BIT(cpu)))
#define CPU_ISSET(cpu, set)  (((set)->__bits[__CPU_WORD(cpu)] & __CPU_BIT(cpu)) != 0)
#define CPU_EQUAL(set, with) (!__builtin_memcmp(set, with, sizeof(cpu_set_t)))
#define CPU_COUNT(set)	     __cpu_count(set)

static inline int __cpu_count(const cpu_set_t *set)
{
	int count = 0;

	for (size_t i = 0; i < sizeof(set->__bits) / sizeof(set->__bits[0]); i++)
		count += __builtin_popcountl(set->__bits[i]);
	return count;
}

/* The vcpu that the caller runs on at this moment. */
int sched_getcpu(void);

/* pid: 0 or that of getpid, which both mean the calling thread. */
int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set);
int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set);

int pthread_setaffinity_np(pthread_t thread, size_t size, const cpu_set_t *set);
int pthread_getaffinity_np(pthread_t thread, size_t size, cpu_set_t *set);
