/* SPDX-License-Identifier: MIT */
/* Rule: a trap without handler, or a handler without stack, crashes that domain and no other. */
#include "../kit/kit.h"

static void forget_handlers(void)
{
	hypercall(set_trap_table, 0);
}

static void ud_without_handler(void)
{
	forget_handlers();
	__asm__ volatile("ud2");
}

static void null_without_handler(void)
{
	forget_handlers();
	(void)*(volatile int *)VA_UNMAPPED;
}

static void no_stack(void)
{
	__asm__ volatile("xor %esp, %esp\n\tud2");
}

static void stack_in_hypervisor(void)
{
	__asm__ volatile("mov %0, %%rsp\n\tud2" : : "r"(VA_HYPERVISOR + 0x1000));
}

static void stack_noncanonical(void)
{
	__asm__ volatile("mov %0, %%rsp\n\tud2" : : "r"(VA_NONCANONICAL));
}

static void stack_readonly(void)
{
	char *page = page_alloc();

	va_protect(page, PTE_RO);
	__asm__ volatile("mov %0, %%rsp\n\tud2" : : "r"(page + PAGE_SIZE));
}

TEST
{
	static const struct {
		const char *what;
		void (*code)(void);
	} cases[] = {
		{ "ud2 without handler", ud_without_handler },
		{ "page fault without handler", null_without_handler },
		{ "no stack", no_stack },
		{ "stack in the hypervisor", stack_in_hypervisor },
		{ "stack that is not canonical", stack_noncanonical },
		{ "stack that is read-only", stack_readonly },
	};
	static struct peer peer[ARRAY_SIZE(cases)];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		peer_start(&peer[i], 1, cases[i].code);
		check(cases[i].what, peer_wait(&peer[i], 5000), SHUTDOWN_crash);
		check("destroy", peer_destroy(&peer[i]), 0);
	}
	check("we go on: int3", attempt("int3"), TRAP_bp);
}
