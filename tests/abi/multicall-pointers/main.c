/* SPDX-License-Identifier: MIT */
/* Rule: a batch that runs off what is readable or writable does its part, then is -EFAULT. */
/* as: dom0, domU */
#include "../kit/kit.h"

TEST
{
	struct multicall_entry *calls = page_alloc();
	char *hole = page_alloc();
	struct multicall_entry *last;

	if (hole != (char *)calls + PAGE_SIZE)
		error("the pool's pages are not neighbours");
	check("a batch that is not mapped", hypercall(multicall, VA_UNMAPPED, 1), -XEN_EFAULT);
	check("one that is not canonical", hypercall(multicall, VA_NONCANONICAL, 1), -XEN_EFAULT);
	check("the hypervisor's", hypercall(multicall, VA_HYPERVISOR, 1), -XEN_EFAULT);

	check("unmapping the second page", va_map(hole, 0), 0);
	last = (struct multicall_entry *)hole - 2;
	for (unsigned int i = 0; i < 2; i++)
		last[i] = (struct multicall_entry){ .op = __HYPERVISOR_xen_version,
						    .args = { XENVER_pagesize },
						    .result = 1 };
	check("three entries, the third not mapped", hypercall(multicall, last, 3), -XEN_EFAULT);
	check("the first's result", last[0].result, 4096);
	check("the second's result", last[1].result, 4096);

	check("2^32 - 1 entries, the third not mapped", hypercall(multicall, last, 0xffffffffU),
	      -XEN_EFAULT);

	last[0].result = last[1].result = 1;
	check("making them read-only", va_protect(calls, PTE_RO), 0);
	check("two read-only entries", hypercall(multicall, last, 2), -XEN_EFAULT);
	check("the first's result, as it was", last[0].result, 1);
	check("the second's", last[1].result, 1);
}
