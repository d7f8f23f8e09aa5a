/* SPDX-License-Identifier: MIT */
/* Rule: mmu_update changes an L1 entry, and what the address shows after a flush. */
/* as: dom0, domU */
#include "../kit/kit.h"

TEST
{
	volatile char *a = page_alloc(), *b = page_alloc();
	uint64_t pte = pte_address((void *)a, 1);

	a[0] = 'a';
	b[0] = 'b';
	check("pointing a at b's frame", mmu_update(pte, mfn_of((void *)b) * PAGE_SIZE | PTE_KERN),
	      0);
	mmuext(MMUEXT_INVLPG_LOCAL, (ulong)a, 0);
	check("what a shows", a[0], 'b');
	a[0] = 'c';
	check("what b shows after a write through a", b[0], 'c');
	check("entry: the frame", PTE_MFN(*pte_of((void *)a, 1)) == mfn_of((void *)b), 1);
	check("making a read-only", mmu_update(pte, mfn_of((void *)b) * PAGE_SIZE | PTE_RO), 0);
	mmuext(MMUEXT_INVLPG_LOCAL, (ulong)a, 0);
	check("a write", attempt("movb $1, (%0)", : : "r"(a) : "memory"), TRAP_pf);
	check("its error code", trap.error, 3);
	check("making it not present", mmu_update(pte, 0), 0);
	mmuext(MMUEXT_INVLPG_LOCAL, (ulong)a, 0);
	check("a read", attempt("movb (%0), %%al", : : "r"(a) : "rax", "memory"), TRAP_pf);
	check("its error code", trap.error, 0);
	check("an entry that is not present may hold anything", mmu_update(pte, ~1UL), 0);
	check("entry", *pte_of((void *)a, 1), ~1UL);
	check("back to its own frame", mmu_update(pte, mfn_of((void *)a) * PAGE_SIZE | PTE_KERN),
	      0);
	mmuext(MMUEXT_INVLPG_LOCAL, (ulong)a, 0);
	check("what a shows", a[0], 'a');
}
