/* SPDX-License-Identifier: MIT */
/* Rule: update_descriptor writes one checked descriptor into a page that is or may be a table. */
/* as: dom0, domU */
#include "../kit/kit.h"

#define DATA         0x00cff2000000ffffUL
#define CODE64_RING0 0x00af9a000000ffffUL
#define TSS          0x0000890000000067UL

static uint64_t *table;

static long update(unsigned int entry, uint64_t descriptor)
{
	return hypercall(update_descriptor, mfn_of(table) * PAGE_SIZE + entry * 8, descriptor);
}

TEST
{
	ulong frame;

	table = page_alloc();
	frame = mfn_of(table);
	check("in a page that is mapped writable", update(1, DATA), 0);
	check("the entry", table[1] == DATA, 1);
	va_protect(table, PTE_RO);
	check("set_gdt", hypercall(set_gdt, &frame, 512), 0);
	check("data, DPL 3", update(3, DATA), 0);
	check("the entry", table[3] == DATA, 1);
	check("loading it", attempt("mov %k0, %%es", : : "r"(0x1b)), TRAP_NONE);
	__asm__ volatile("mov %k0, %%es" : : "r"(0));
	check("a task state segment", update(3, TSS), -XEN_EINVAL);
	check("the entry as it was, accessed", table[3] == (DATA | 1UL << 40), 1);
	check("code, DPL 0", update(3, CODE64_RING0), 0);
	check("its DPL, which was raised", table[3] >> 45 & 3, 3);
	check("nothing", update(3, 0), 0);
	check("loading that", attempt("mov %k0, %%es", : : "r"(0x1b)), TRAP_gp);
	check("an address that is not aligned",
	      hypercall(update_descriptor, frame * PAGE_SIZE + 4, DATA), -XEN_EINVAL);
	check("a frame that is not there",
	      hypercall(update_descriptor, MFN_ABSENT * PAGE_SIZE, DATA), -XEN_EINVAL);
	check("a page table",
	      hypercall(update_descriptor, mfn_of((void *)start_info->pt_base) * PAGE_SIZE, DATA),
	      -XEN_EINVAL);
	check("frame 0", hypercall(update_descriptor, 0, DATA), -XEN_EINVAL);
}
