/* SPDX-License-Identifier: MIT */
/*
 * Rule: a spin lock keeps everybody else out, orders what is done under it, and no waiter that went
 * to sleep in Xen is forgotten. The guest's own code, unchanged: each thread is a vcpu, its struct
 * cpu at its %gs base, and the hypercall page leads to a poll and a send that are played here.
 */

// uses: guest/spinlock.c
// flags: -fno-sanitize=all -fsanitize=thread --param=tsan-distinguish-volatile=1 -no-pie -pthread
#include <asm/prctl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest/cpu.h"
#include "guest/hypercall.h"
#include "guest/panic.h"
#include "lib/bitops.h"

#define VCPUS  4
#define ROUNDS 20000

struct shared_info shared_info;
struct cpu *cpus[VCPUS_MAX];

/* One condition for all: a poll looks again whenever anything was sent. */
static pthread_mutex_t world = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t sent = PTHREAD_COND_INITIALIZER;

unsigned int vcpu_count(void)
{
	return VCPUS;
}

NORETURN void panic(const char *fmt, ...)
{
	puts(fmt);
	exit(1);
}

void irq_force_upcall(void) {}

int evtchn_notify(evtchn_port_t port)
{
	pthread_mutex_lock(&world);
	bit_set(shared_info.evtchn_pending, port);
	pthread_cond_broadcast(&sent);
	pthread_mutex_unlock(&world);
	return 0;
}

/* SCHEDOP_poll without a timeout. */
long host_sched_op(unsigned int cmd, struct sched_poll *poll);

__attribute__((used)) long host_sched_op(unsigned int cmd, struct sched_poll *poll)
{
	pthread_mutex_lock(&world);
	while (cmd == SCHEDOP_poll && !bit_test(shared_info.evtchn_pending, *poll->ports.p))
		pthread_cond_wait(&sent, &world);
	pthread_mutex_unlock(&world);
	return 0;
}

/* A hypercall keeps all registers but its arguments, rcx and r11. */
__asm__(".globl hypercall_page\n"
	"hypercall_page: .skip 29 * 32\n" /* __HYPERVISOR_sched_op */
	"	jmp host_sched_entry\n"
	"	.skip 4096\n"
	"host_sched_entry:\n"
	"	push %rbp\n"
	"	mov %rsp, %rbp\n"
	"	push %rdx\n	push %r8\n	push %r9\n	push %r10\n"
	"	sub $512, %rsp\n"
	"	and $-16, %rsp\n"
	"	fxsave64 (%rsp)\n"
	"	call host_sched_op\n"
	"	fxrstor64 (%rsp)\n"
	"	lea -32(%rbp), %rsp\n"
	"	pop %r10\n	pop %r9\n	pop %r8\n	pop %rdx\n"
	"	pop %rbp\n"
	"	ret\n");

/*
 * READ_ONCE and WRITE_ONCE are meant to race: the sanitizer's hooks for them have nothing to say.
 */
#define VOLATILE_HOOKS(size)                            \
	void __tsan_volatile_read##size(void *address); \
	void __tsan_volatile_read##size(void *address)  \
	{                                               \
		(void)address;                          \
	}                                               \
	void __tsan_volatile_write##size(void *address); \
	void __tsan_volatile_write##size(void *address) \
	{                                               \
		(void)address;                          \
	}
VOLATILE_HOOKS(1)
VOLATILE_HOOKS(2)
VOLATILE_HOOKS(4)
VOLATILE_HOOKS(8)

static SPINLOCK(lock);
static unsigned long count; /* plain: the sanitizer sees it if the lock does not order it */

static void *vcpu(void *arg)
{
	struct cpu *cpu = arg;

	syscall(SYS_arch_prctl, ARCH_SET_GS, (unsigned long)cpu);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		unsigned long flags = spin_lock_save(&lock);

		count++;
		if (!spin_held(&lock))
			panic("not held by its holder");
		/* A holder that loses its processor: the others have to sleep. */
		if (i % 64 == 0)
			usleep(50);
		spin_unlock_restore(&lock, flags);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[VCPUS];
	struct spin_stats stats;

	for (unsigned int n = 0; n < VCPUS; n++) {
		cpus[n] = aligned_alloc(64, sizeof(struct cpu));
		*cpus[n] = (struct cpu){ .self = cpus[n], .id = n, .kick_port = 10 + n };
	}
	for (unsigned int n = 0; n < VCPUS; n++)
		pthread_create(&threads[n], NULL, vcpu, cpus[n]);
	for (unsigned int n = 0; n < VCPUS; n++)
		pthread_join(threads[n], NULL);
	spin_stats_get(&stats);
	printf("%lu rounds, %lu waits, %lu polls, %lu kicks\n", count, stats.waits, stats.polls,
	       stats.kicks);
	return count != VCPUS * ROUNDS || !stats.polls || !stats.kicks;
}
