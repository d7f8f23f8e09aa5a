/* SPDX-License-Identifier: MIT */
/* Rule: guests read the M2P at its ABI address, in kernel mode and user mode, and never write. */
/* as: dom0, domU */
#include "../kit/kit.h"

static volatile ulong *entry;

static void user_reads(void)
{
	user_syscall(*entry);
}

static void user_writes(void)
{
	*entry = 1;
}

TEST
{
	char *page = page_alloc();
	unsigned int right = 0, pages = (ulong)(image_end - image_start) / PAGE_SIZE;
	ulong before;

	for (unsigned int i = 0; i < pages; i++)
		right += machine_to_phys_mapping[mfn_of(image_start + i * PAGE_SIZE)] == i;
	check("entries of the image's frames that hold its pfn", right, pages);
	entry = &machine_to_phys_mapping[mfn_of(page)];
	before = *entry;
	check("a write", attempt("movq $1, (%0)", : : "r"(entry) : "memory"), TRAP_pf);
	check("its error code", trap.error, 3);
	check_same("its cr2", trap.cr2, entry);
	check_same("the entry", *entry, before);
	check_same("a read from user mode", user_run(user_reads, 0, 0), before);
	user_run(user_writes, 0, 0);
	check("a write from user mode", trap.vector, TRAP_pf);
	check("its error code", trap.error, 7);
	check_same("the entry", *entry, before);
	check("a jump into it", attempt("jmp *%0", : : "r"(entry)), TRAP_pf);
}
