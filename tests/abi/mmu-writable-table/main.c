/* SPDX-License-Identifier: MIT */
/* Rule: no page table is ever mapped writable, and no writable page becomes a table. */
/* as: dom0, domU */
#include "../kit/kit.h"

TEST
{
	uint64_t *l4 = (uint64_t *)start_info->pt_base, *l1 = pte_of(image_start, 1);
	uint64_t *page = page_alloc(), *table = table_alloc();
	uint64_t *alias = page_alloc();
	ulong l1_va = (ulong)l1 & PAGE_MASK;

	check("writing to the L4", attempt("movq $0, (%0)", : : "r"(l4) : "memory"), TRAP_pf);
	check("its error code", trap.error, 3);
	check("mapping the L4 writable at its place", va_protect(l4, PTE_KERN), -XEN_EBUSY);
	check("mapping it writable elsewhere", va_map(alias, mfn_of(l4) * PAGE_SIZE | PTE_KERN),
	      -XEN_EBUSY);
	check("mapping an L1 writable elsewhere",
	      va_map(alias, mfn_of((void *)l1_va) * PAGE_SIZE | PTE_KERN), -XEN_EBUSY);
	check("mapping it read-only elsewhere",
	      va_map(alias, mfn_of((void *)l1_va) * PAGE_SIZE | PTE_RO), 0);
	check_same("what is there", alias[0], *(uint64_t *)l1_va);
	check("back", va_map(alias, mfn_of(alias) * PAGE_SIZE | PTE_KERN), 0);

	check("pinning a page that is mapped writable",
	      mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(page), 0), -XEN_EINVAL);
	check("pinning one that is mapped read-only", mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(table), 0),
	      0);
	check("making that writable", va_protect(table, PTE_KERN), -XEN_EBUSY);
	check("unpinning it", mmuext(MMUEXT_UNPIN_TABLE, mfn_of(table), 0), 0);
	check("making it writable now", va_protect(table, PTE_KERN), 0);
	table[0] = mfn_of(l4) * PAGE_SIZE | PTE_KERN;
	check("a table that would map the L4 writable: read-only", va_protect(table, PTE_RO), 0);
	check("and pinned", mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(table), 0), -XEN_EBUSY);
	va_protect(table, PTE_KERN);
	table[0] = mfn_of(table) * PAGE_SIZE | PTE_KERN;
	va_protect(table, PTE_RO);
	check("a table that would map itself writable",
	      mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(table), 0), -XEN_EBUSY);
	va_protect(table, PTE_KERN);
	table[0] = mfn_of(table) * PAGE_SIZE | PTE_RO;
	va_protect(table, PTE_RO);
	check("a table that would map itself read-only",
	      mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(table), 0), 0);
}
