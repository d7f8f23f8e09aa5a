/* SPDX-License-Identifier: MIT */
/* Rule: a table is pinned once, at its own level, and unpinned once. */
/* as: dom0, domU */
#include "../kit/kit.h"

static long pin(unsigned int level, const void *table)
{
	return mmuext(MMUEXT_PIN_L1_TABLE + level - 1, mfn_of(table), 0);
}

static long unpin(const void *table)
{
	return mmuext(MMUEXT_UNPIN_TABLE, mfn_of(table), 0);
}

TEST
{
	uint64_t *table[5];
	char text[32];

	for (unsigned int level = 1; level <= 4; level++) {
		table[level] = table_alloc();
		str_format(text, sizeof(text), "pin an empty L%u", level);
		check(text, pin(level, table[level]), 0);
	}
	check("pin it twice", pin(1, table[1]), -XEN_EINVAL);
	check("pin an L1 as L2", pin(2, table[1]), -XEN_EINVAL);
	check("pin an L4 as L1", pin(1, table[4]), -XEN_EINVAL);
	for (unsigned int level = 1; level <= 4; level++) {
		str_format(text, sizeof(text), "unpin the L%u", level);
		check(text, unpin(table[level]), 0);
	}
	check("unpin it twice", unpin(table[1]), -XEN_EINVAL);
	check("unpin what never was a table", unpin(page_alloc()), -XEN_EINVAL);
	check("pin a frame that is not there", mmuext(MMUEXT_PIN_L1_TABLE, MFN_ABSENT, 0),
	      -XEN_EINVAL);
	check("unpin a frame that is not there", mmuext(MMUEXT_UNPIN_TABLE, MFN_ABSENT, 0),
	      -XEN_EINVAL);
	check("pin an L1 as L2 when it is free again", pin(2, table[1]), 0);
	check("the current L4, which the builder pinned", pin(4, (void *)start_info->pt_base),
	      -XEN_EINVAL);

	va_protect(table[2], PTE_KERN);
	table[2][511] = mfn_of(table[3]) * PAGE_SIZE | PTE_KERN | 1UL << 51;
	va_protect(table[2], PTE_RO);
	check("pin an L2 whose last entry has a reserved bit", pin(2, table[2]), -XEN_EINVAL);
	va_protect(table[2], PTE_KERN);
	table[2][511] = MFN_ABSENT * PAGE_SIZE | PTE_KERN;
	va_protect(table[2], PTE_RO);
	check("pin an L2 whose last entry's frame is not there", pin(2, table[2]), -XEN_EINVAL);
	check("its page, afterwards writable", va_protect(table[2], PTE_KERN), 0);
}
