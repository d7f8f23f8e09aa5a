/* SPDX-License-Identifier: MIT */
/*
 * Rule: lists of page table operations: none is done, a huge one ends where it is no longer mapped,
 * and the count of what was done is told wherever it can be.
 * as: dom0, domU
 */
#include "../kit/kit.h"

static unsigned int done;

static void check_done(const char *what, long got, long want, unsigned int n)
{
	check(what, got, want);
	check("of these done", done, n);
	done = 77;
}

static void mmuext_lists(struct mmuext_op *last)
{
	for (unsigned int i = 0; i < 2; i++)
		last[i] = (struct mmuext_op){ .cmd = MMUEXT_TLB_FLUSH_LOCAL };
	check_done("mmuext_op of none", hypercall(mmuext_op, last, 0, &done, DOMID_SELF), 0, 0);
	check_done("two", hypercall(mmuext_op, last, 2, &done, DOMID_SELF), 0, 2);
	check_done("three, the third not mapped", hypercall(mmuext_op, last, 3, &done, DOMID_SELF),
		   -XEN_EFAULT, 2);
	check_done("2^31 - 1", hypercall(mmuext_op, last, (1U << 31) - 1, &done, DOMID_SELF),
		   -XEN_EFAULT, 2);
	check("two, told at a bad pointer", hypercall(mmuext_op, last, 2, VA_UNMAPPED, DOMID_SELF),
	      0);
	last[0].cmd = 99;
	check_done("the first unknown", hypercall(mmuext_op, last, 2, &done, DOMID_SELF),
		   -XEN_ENOSYS, 0);
	last[0].cmd = MMUEXT_TLB_FLUSH_LOCAL;
	last[1].cmd = 99;
	check_done("the second unknown", hypercall(mmuext_op, last, 2, &done, DOMID_SELF),
		   -XEN_ENOSYS, 1);
	check("for a domain that is not there", hypercall(mmuext_op, last, 2, &done, 999),
	      -XEN_ESRCH);
	check("and none of it", hypercall(mmuext_op, last, 0, &done, 999), -XEN_ESRCH);
}

static void mmu_lists(struct mmu_update *last, void *page)
{
	for (unsigned int i = 0; i < 2; i++)
		last[i] = (struct mmu_update){ .ptr = pte_address(page, 1),
					       .val = mfn_of(page) * PAGE_SIZE | PTE_KERN };
	check_done("mmu_update of none", hypercall(mmu_update, last, 0, &done, DOMID_SELF), 0, 0);
	check_done("two", hypercall(mmu_update, last, 2, &done, DOMID_SELF), 0, 2);
	check_done("three, the third not mapped", hypercall(mmu_update, last, 3, &done, DOMID_SELF),
		   -XEN_EFAULT, 2);
	check_done("2^31 - 1", hypercall(mmu_update, last, (1U << 31) - 1, &done, DOMID_SELF),
		   -XEN_EFAULT, 2);
	check("two, told at a bad pointer", hypercall(mmu_update, last, 2, VA_UNMAPPED, DOMID_SELF),
	      0);
	last[1].ptr |= 7;
	check_done("the second of kind 7", hypercall(mmu_update, last, 2, &done, DOMID_SELF),
		   -XEN_ENOSYS, 1);
	last[1].ptr = ~7UL;
	check_done("the second beyond memory", hypercall(mmu_update, last, 2, &done, DOMID_SELF),
		   -XEN_EINVAL, 1);
	check("for a domain that is not there", hypercall(mmu_update, last, 2, &done, 999),
	      -XEN_ESRCH);
	check("in tables of one that is not there",
	      hypercall(mmu_update, last, 2, &done, 1000 << 16 | DOMID_SELF), -XEN_ESRCH);
}

TEST
{
	char *page = page_alloc(), *hole = page_alloc();

	if (hole != page + PAGE_SIZE || va_map(hole, 0))
		error("no page with a hole behind it");
	done = 77;
	mmuext_lists((struct mmuext_op *)hole - 2);
	mmu_lists((struct mmu_update *)hole - 2, page);
}
