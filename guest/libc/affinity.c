/* SPDX-License-Identifier: MIT */
/* Which vcpus a thread may run on, as GNU's functions have it. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "guest/irq.h"
#include "guest/libc/libc.h"
#include "guest/libc/pthread_self.h"
#include "guest/vcpu.h"

/* The vcpus of a set that there are; 0: none, which no thread may be given. */
static vcpu_mask_t mask_of(size_t size, const cpu_set_t *set)
{
	cpu_set_t all = { { 0 } };

	memcpy(&all, set, size < sizeof(all) ? size : sizeof(all));
	return (vcpu_mask_t)all.__bits[0] & VCPU_ANY >> (VCPUS_MAX - vcpu_count());
}

static int set_affinity(struct thread *thread, size_t size, const cpu_set_t *set)
{
	vcpu_mask_t mask = mask_of(size, set);

	if (!mask)
		return EINVAL;
	thread_set_affinity(thread, mask);
	return 0;
}

static int get_affinity(const struct thread *thread, size_t size, cpu_set_t *set)
{
	if (size < sizeof(unsigned long))
		return EINVAL;
	memset(set, 0, size);
	set->__bits[0] = thread->affinity & VCPU_ANY >> (VCPUS_MAX - vcpu_count());
	return 0;
}

int sched_getcpu(void)
{
	return (int)this_vcpu();
}

int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set)
{
	if (pid && pid != getpid())
		return (int)libc_result(-ESRCH);
	return (int)libc_result(-set_affinity(thread_current(), size, set));
}

int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
	if (pid && pid != getpid())
		return (int)libc_result(-ESRCH);
	return (int)libc_result(-get_affinity(thread_current(), size, set));
}

int pthread_setaffinity_np(pthread_t thread, size_t size, const cpu_set_t *set)
{
	return set_affinity(((struct pthread *)thread)->thread, size, set);
}

int pthread_getaffinity_np(pthread_t thread, size_t size, cpu_set_t *set)
{
	return get_affinity(((struct pthread *)thread)->thread, size, set);
}
