/* SPDX-License-Identifier: MIT */
/* Rule: a tree is built bottom up by mmu_update, works, and comes down with its root entry. */
/* as: dom0, domU */
#include "../kit/kit.h"

TEST
{
	uint64_t *l1 = page_alloc(), *l2 = table_alloc(), *l3 = table_alloc();
	volatile uint64_t *data = page_alloc(), *far = (uint64_t *)0x7f0012345000UL;
	uint64_t root = mfn_of((void *)start_info->pt_base) * PAGE_SIZE + 254 * 8;

	data[0] = 0x600d;
	l1[0x145] = mfn_of((void *)data) * PAGE_SIZE | PTE_KERN;
	check("an L1, filled, read-only", va_protect(l1, PTE_RO), 0);
	check("update_va_mapping without tables", va_map((void *)far, l1[0x145]), -XEN_EINVAL);
	check("an empty L3 into slot 254", mmu_update(root, mfn_of(l3) * PAGE_SIZE | PTE_KERN), 0);
	check("an empty L2 into the L3",
	      mmu_update(mfn_of(l3) * PAGE_SIZE, mfn_of(l2) * PAGE_SIZE | PTE_KERN), 0);
	check("the L1 into the L2, entry 0x91",
	      mmu_update(mfn_of(l2) * PAGE_SIZE + 0x91 * 8, mfn_of(l1) * PAGE_SIZE | PTE_KERN), 0);
	check("what is there", *far, 0x600d);
	check("update_va_mapping through them", va_map((void *)far, l1[0x145] & ~PTE_RW), 0);
	check("a write", attempt("movq $1, (%0)", : : "r"(far) : "memory"), TRAP_pf);
	check("its error code", trap.error, 3);
	check("the L1 into a second slot",
	      mmu_update(mfn_of(l2) * PAGE_SIZE + 8, mfn_of(l1) * PAGE_SIZE | PTE_KERN), 0);
	check("an L2 as L1",
	      mmu_update(mfn_of(l2) * PAGE_SIZE + 16, mfn_of(l3) * PAGE_SIZE | PTE_KERN),
	      -XEN_EINVAL);
	check("an L1 as L3", mmu_update(root + 8, mfn_of(l1) * PAGE_SIZE | PTE_KERN), -XEN_EINVAL);
	check("a writable page as L1",
	      mmu_update(mfn_of(l2) * PAGE_SIZE + 24, mfn_of((void *)data) * PAGE_SIZE | PTE_KERN),
	      -XEN_EINVAL);
	check("the L1, while in use, writable", va_protect(l1, PTE_KERN), -XEN_EBUSY);
	check("the root entry removed", mmu_update(root, 0), 0);
	mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
	check("a read", attempt("mov (%0), %%rax", : : "r"(far) : "rax"), TRAP_pf);
	check("the L1 writable now", va_protect(l1, PTE_KERN), 0);
	check("the L3 too", va_protect(l3, PTE_KERN), 0);
}
