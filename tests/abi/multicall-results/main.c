/* SPDX-License-Identifier: MIT */
/* Rule: a multicall runs its entries in order, each with its own result, bad ones included. */
/* as: dom0, domU */
#include "../kit/kit.h"

static struct multicall_entry calls[512];

static long call(unsigned int n)
{
	return hypercall(multicall, calls, n);
}

TEST
{
	unsigned int right = 0;

	check("of none", call(0), 0);
	calls[0] = (struct multicall_entry){ .op = __HYPERVISOR_xen_version,
					     .args = { XENVER_version } };
	calls[1] = (struct multicall_entry){ .op = 63, .result = 7 };
	calls[2] = (struct multicall_entry){ .op = __HYPERVISOR_memory_op,
					     .args = { XENMEM_current_reservation, 0 } };
	calls[3] = (struct multicall_entry){ .op = __HYPERVISOR_xen_version,
					     .args = { XENVER_pagesize } };
	check("of four", call(4), 0);
	check("the first, version", calls[0].result, 4 << 16 | 17);
	check("the second, an unknown number", calls[1].result, -XEN_ENOSYS);
	check("the third, a null pointer", calls[2].result, -XEN_EFAULT);
	check("the fourth, pagesize", calls[3].result, 4096);

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		calls[i] = (struct multicall_entry){ .op = __HYPERVISOR_xen_version,
						     .args = { XENVER_pagesize } };
	check("of 512", call(512), 0);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		right += calls[i].result == 4096;
	check("their results", right, 512);

	calls[0] = (struct multicall_entry){ .op = __HYPERVISOR_multicall,
					     .args = { (ulong)&calls[2], 1 } };
	calls[2].result = 1;
	check("that holds a multicall", call(1), 0);
	check("the inner one's result", (long)calls[0].result, -XEN_EINVAL);
	check("its entry, which did not run", calls[2].result, 1);
	calls[0] = (struct multicall_entry){ .op = 1UL << 32 | __HYPERVISOR_xen_version,
					     .args = { XENVER_pagesize } };
	check("whose number has bit 32 set", call(1), 0);
	check("its result", (long)calls[0].result, -XEN_ENOSYS);
}
