/* SPDX-License-Identifier: MIT */
/* Rule: new_baseptr switches to another L4, which then is what everything is seen through. */
/* as: dom0, domU */
#include "../kit/kit.h"

TEST
{
	uint64_t *old = (uint64_t *)start_info->pt_base, *l4 = page_alloc();
	volatile char *a = page_alloc();
	ulong cr3;

	for (unsigned int i = 0; i < 512; i++)
		l4[i] = i >= 256 && i < 272 ? 0 : old[i];
	check("an L4 that is mapped writable", mmuext(MMUEXT_NEW_BASEPTR, mfn_of(l4), 0),
	      -XEN_EINVAL);
	check("a frame that is not there", mmuext(MMUEXT_NEW_BASEPTR, MFN_ABSENT, 0), -XEN_EINVAL);
	check("an L1", mmuext(MMUEXT_NEW_BASEPTR, mfn_of(pte_of(image_start, 1)), 0), -XEN_EINVAL);
	check("making it read-only", va_protect(l4, PTE_RO), 0);
	check("a good one, not pinned", mmuext(MMUEXT_NEW_BASEPTR, mfn_of(l4), 0), 0);
	__asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
	check("cr3 tells it", cr3 == xen_pfn_to_cr3(mfn_of(l4)), 1);
	a[0] = 5;
	check("a page of ours", a[0], 5);
	check_that("the hypervisor filled its slots in", l4[256] & PTE_P);
	check("making it writable while it is in use", va_protect(l4, PTE_KERN), -XEN_EBUSY);
	check("the same again", mmuext(MMUEXT_NEW_BASEPTR, mfn_of(l4), 0), 0);
	check("back", mmuext(MMUEXT_NEW_BASEPTR, mfn_of(old), 0), 0);
	check("making the other writable", va_protect(l4, PTE_KERN), 0);
}
