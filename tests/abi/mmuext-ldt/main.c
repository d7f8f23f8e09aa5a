/* SPDX-License-Identifier: MIT */
/* Rule: set_ldt takes an aligned, canonical table of at most 8192 entries, and lsl shows it. */
/* as: dom0, domU */
#include "../kit/kit.h"

#define DESCRIPTOR_DATA3 0x00cff2000000ffffUL

static long limit_of(unsigned int selector)
{
	ulong limit = -1;

	__asm__ volatile("lsl %k1, %k0\n\tcmovnz %2, %0" : "+r"(limit) : "r"(selector), "r"(-1UL));
	return limit;
}

TEST
{
	uint64_t *table = page_alloc();
	ulong fs;

	table[0] = DESCRIPTOR_DATA3;
	table[1] = DESCRIPTOR_DATA3 & ~(3UL << 45); /* DPL 0 */
	table[2] = 0;
	check("no LDT: entry 0", limit_of(0x07), -1);
	check("more than 8192 entries", mmuext(MMUEXT_SET_LDT, (ulong)table, 8193), -XEN_EINVAL);
	check("an address that is not aligned", mmuext(MMUEXT_SET_LDT, (ulong)table + 8, 8),
	      -XEN_EINVAL);
	check("a non-canonical one", mmuext(MMUEXT_SET_LDT, VA_NONCANONICAL & PAGE_MASK, 8),
	      -XEN_EINVAL);
	check("writable, which is not looked at before use",
	      mmuext(MMUEXT_SET_LDT, (ulong)table, 3), 0);
	va_protect(table, PTE_RO);
	check("a good one", mmuext(MMUEXT_SET_LDT, (ulong)table, 3), 0);
	check("loading entry 0 into fs", attempt("mov %k0, %%fs", : : "r"(0x07)), TRAP_NONE);
	__asm__ volatile("mov %%fs, %0" : "=r"(fs));
	check("fs", fs & 0xffff, 0x07);
	check("limit of entry 0", limit_of(0x07), 0xffffffffUL);
	check("its page, in use as LDT, made writable", va_protect(table, PTE_KERN), -XEN_EBUSY);
	check("loading entry 2, which is empty", attempt("mov %k0, %%fs", : : "r"(0x17)), TRAP_gp);
	check("loading entry 3, behind the end", attempt("mov %k0, %%fs", : : "r"(0x1f)), TRAP_gp);
	check("its error code", trap.error, 0x1c);
	__asm__ volatile("mov %k0, %%fs" : : "r"(0));
	check("none", mmuext(MMUEXT_SET_LDT, 0, 0), 0);
	check("loading entry 0 now", attempt("mov %k0, %%fs", : : "r"(0x07)), TRAP_gp);
	check("its page writable", va_protect(table, PTE_KERN), 0);
}
