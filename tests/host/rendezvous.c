/* SPDX-License-Identifier: MIT */
/*
 * Rule: when one processor calls, all come; what it does meanwhile nobody sees half, what each does
 * then all have done before one goes on, and callers at the same time take turns. The hypervisor's
 * own code, unchanged: each thread is a processor, which stands in a block as this_cpu() wants it.
 */

// uses: hypervisor/x86/rendezvous.c
// flags: -fno-sanitize=all -fsanitize=thread --param=tsan-distinguish-volatile=1 -pthread
// flags: -DLOCKCHECK=0
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "hypervisor/x86/local.h"
#include "rendezvous.h"

#define PROCESSORS 4
#define ROUNDS     3000

struct cpu *cpus[MAX_CPUS];
unsigned nr_cpus = PROCESSORS;

/* Plain: the sanitizer sees it if the meeting does not order what is done there. */
static unsigned long meetings, seen[PROCESSORS];
static unsigned working = PROCESSORS; /* atomic */

void tlb_serve(void)
{
	sched_yield();
}

/* Everybody looks often enough. */
void apic_ipi(uint32_t apic_id, uint8_t vector) {}

static void fail(const char *what)
{
	puts(what);
	exit(1);
}

static void once(void *arg)
{
	meetings++;
}

static void each(void *arg)
{
	seen[this_cpu()->id] = meetings;
}

/* Between two operations: nothing but what the last meeting left, the same for all. */
static void look(void)
{
	unsigned i;

	for (i = 0; i < PROCESSORS; i++)
		if (seen[i] != meetings)
			fail("one went on before all had done their part");
}

static void work(void *unused)
{
	const struct rendezvous both = { once, each, NULL, true };
	unsigned id = this_cpu()->id, round;

	for (round = 0; round < ROUNDS; round++) {
		rendezvous_join(true);
		look();
		if (round % PROCESSORS == id)
			rendezvous(&both);
		look();
	}
	__atomic_sub_fetch(&working, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&working, __ATOMIC_SEQ_CST)) {
		rendezvous_join(true);
		sched_yield();
	}
}

static void *processor(void *block)
{
	__asm__ volatile("mov %%rsp, %%rbx; mov %0, %%rsp; call *%1; mov %%rbx, %%rsp"
			 :
			 : "r"(block), "r"(work)
			 : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11",
			   "memory", "cc");
	return NULL;
}

int main(void)
{
	pthread_t threads[PROCESSORS];
	unsigned i;

	for (i = 0; i < PROCESSORS; i++) {
		char *block = aligned_alloc(CPU_BLOCK_SIZE, CPU_BLOCK_SIZE);

		cpus[i] = (struct cpu *)(block + CPU_BLOCK_SIZE - ROUND_UP(sizeof(struct cpu), 64));
		*cpus[i] = (struct cpu){ .id = i };
	}
	for (i = 0; i < PROCESSORS; i++)
		pthread_create(&threads[i], NULL, processor, cpus[i]);
	for (i = 0; i < PROCESSORS; i++)
		pthread_join(threads[i], NULL);
	printf("%lu meetings\n", meetings);
	return meetings != ROUNDS;
}
