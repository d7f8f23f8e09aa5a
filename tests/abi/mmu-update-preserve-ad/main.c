/* SPDX-License-Identifier: MIT */
/* Rule: MMU_PT_UPDATE_PRESERVE_AD keeps the accessed and dirty bits that the old entry had. */
/* as: dom0, domU */
#include "../kit/kit.h"

TEST
{
	volatile char *page = page_alloc();
	uint64_t pte = pte_address((void *)page, 1);
	uint64_t frame = mfn_of((void *)page) * PAGE_SIZE;
	volatile uint64_t *entry = pte_of((void *)page, 1);

	check("without A and D", mmu_update(pte, frame | PTE_P | PTE_RW | PTE_US), 0);
	mmuext(MMUEXT_INVLPG_LOCAL, (ulong)page, 0);
	check("bits", *entry & (PTE_A | PTE_D), 0);
	(void)page[0];
	check("after a read", *entry & (PTE_A | PTE_D), PTE_A);
	page[0] = 1;
	check("after a write", *entry & (PTE_A | PTE_D), PTE_A | PTE_D);
	check("update that preserves",
	      mmu_update(pte | MMU_PT_UPDATE_PRESERVE_AD, frame | PTE_P | PTE_US), 0);
	check("bits", *entry & (PTE_A | PTE_D | PTE_RW), PTE_A | PTE_D);
	check("update that does not",
	      mmu_update(pte | MMU_NORMAL_PT_UPDATE, frame | PTE_P | PTE_US), 0);
	check("bits", *entry & (PTE_A | PTE_D), 0);
	check("the same, with no translation",
	      mmu_update(pte | MMU_PT_UPDATE_NO_TRANSLATE, frame | PTE_KERN), 0);
	check("bits", *entry & (PTE_A | PTE_D | PTE_RW), PTE_A | PTE_D | PTE_RW);
}
