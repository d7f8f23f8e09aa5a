/* SPDX-License-Identifier: MIT */
/* Rule: a table may stand in a slot of its own level, read-only, and there shows the one below. */
/* as: dom0, domU */
#include "../kit/kit.h"

TEST
{
	uint64_t *l4 = (uint64_t *)start_info->pt_base, *l1 = pte_of(image_start, 1);
	uint64_t self = mfn_of(l4) * PAGE_SIZE, slot = self + 300 * 8;
	ulong linear = 0xffff000000000000UL | 300UL << 39;
	volatile uint64_t *seen = (uint64_t *)(linear + ((ulong)image_start >> 12) * 8);

	check("the L4 into its own slot 300, writable", mmu_update(slot, self | PTE_KERN),
	      -XEN_EINVAL);
	check("read-only", mmu_update(slot, self | PTE_RO), 0);
	check("the L1 entry of the image's first page, seen there", *seen == l1[0], 1);
	check("a write to it", attempt("movq $0, (%0)", : : "r"(seen) : "memory"), TRAP_pf);
	check("the slot emptied", mmu_update(slot, 0), 0);
}
