/* SPDX-License-Identifier: MIT */
/* Rule: mmu_update stops at the first bad request and tells how many it did before. */
/* as: dom0, domU */
#include "../kit/kit.h"

static struct mmu_update requests[1024];

static long update(unsigned int n, unsigned int *done, domid_t domid)
{
	*done = 77;
	return hypercall(mmu_update, requests, n, done, domid);
}

TEST
{
	uint64_t *page = page_alloc();
	uint64_t pte = pte_address(page, 1), good = mfn_of(page) * PAGE_SIZE | PTE_KERN;
	unsigned int done;

	for (unsigned int i = 0; i < 1024; i++)
		requests[i] = (struct mmu_update){ .ptr = pte, .val = good };
	check("none", update(0, &done, DOMID_SELF), 0);
	check("done", done, 0);
	check("one", update(1, &done, DOMID_SELF), 0);
	check("done", done, 1);
	check("1024", update(1024, &done, DOMID_SELF), 0);
	check("done", done, 1024);
	requests[5].ptr |= 4;
	check("8, the sixth of them bad", update(8, &done, DOMID_SELF), -XEN_ENOSYS);
	check("done", done, 5);
	check("8 without a count", hypercall(mmu_update, requests, 8, 0, DOMID_SELF), -XEN_ENOSYS);
	check("for a domain that is not there", update(1, &done, 1000), -XEN_ESRCH);
	check("done", done, 0);
	check("for DOMID_INVALID", update(1, &done, DOMID_INVALID), -XEN_ESRCH);
	requests[0].ptr = pte;
	check("8 of a list that is not mapped",
	      hypercall(mmu_update, VA_UNMAPPED, 8, &done, DOMID_SELF), -XEN_EFAULT);
	check("done", done, 0);
	check("a count that is not writable",
	      hypercall(mmu_update, requests, 1, VA_HYPERVISOR, DOMID_SELF), 0);
}
