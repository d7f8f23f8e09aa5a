/* SPDX-License-Identifier: MIT */
/* Rule: mmu_update refuses an entry or a pointer that it cannot vouch for, and changes nothing. */
/* as: dom0, domU */
#include "../kit/kit.h"

static uint64_t *own;
static uint64_t pte, before;

static void update(const char *what, uint64_t ptr, uint64_t val, long want)
{
	check(what, mmu_update(ptr, val), want);
	if (*pte_of(own, 1) != before)
		check_same("entry, which should be as it was", *pte_of(own, 1), before);
}

TEST
{
	uint64_t l2, frame;

	own = page_alloc();
	l2 = pte_address(own, 2);
	frame = mfn_of(own) * PAGE_SIZE;
	pte = pte_address(own, 1);
	before = *pte_of(own, 1);
	update("command 4", pte | 4, frame | PTE_KERN, -XEN_ENOSYS);
	update("an address that is no frame's", MFN_ABSENT * PAGE_SIZE, frame | PTE_KERN,
	       -XEN_EINVAL);
	update("GLOBAL in an L2 entry", l2, (l2 & PAGE_MASK) | PTE_RO | 0x100, -XEN_EINVAL);
	update("a frame that is not there", pte, MFN_ABSENT * PAGE_SIZE | PTE_KERN, -XEN_EPERM);
	update("frame 2^40 - 1", pte, ((1UL << 40) - 1) << 12 | PTE_KERN, -XEN_EINVAL);
	update("an entry in a page that is no table", frame, frame | PTE_KERN, 0);
	check_same("which is a plain write", *own, frame | PTE_KERN);
	update("an L2 entry with a page that is no table, being mapped writable", l2,
	       frame | PTE_KERN, -XEN_EINVAL);
	update("an L2 entry of 2 MiB", l2, 0x200000 | PTE_KERN | PTE_PSE, -XEN_EINVAL);
	check_that("and the page is still there", *own == (frame | PTE_KERN));
}
