/* SPDX-License-Identifier: MIT */
/*
 * Rule: exchange checks sizes, lists and owners before a frame moves, and says how far it came.
 * as: dom0, domU
 */
#include "../kit/kit.h"

static struct xen_memory_exchange x;
static xen_pfn_t in[4], out[4];

static long exchange(ulong n_in, unsigned int order_in, ulong n_out, unsigned int order_out)
{
	x.in.nr_extents = n_in;
	x.in.extent_order = order_in;
	x.out.nr_extents = n_out;
	x.out.extent_order = order_out;
	return hypercall(memory_op, XENMEM_exchange, &x);
}

static void lists(void *from, void *to)
{
	memset(&x, 0, sizeof(x));
	x.in.domid = x.out.domid = DOMID_SELF;
	set_xen_guest_handle(x.in.extent_start, from);
	set_xen_guest_handle(x.out.extent_start, to);
}

TEST
{
	char *page = page_alloc(), *second = page_alloc();

	lists(in, out);
	check("of nothing", exchange(0, 0, 0, 0), 0);
	check("of order 19", exchange(1, 19, 1, 19), -XEN_EPERM);
	check("into order 2^32 - 1", exchange(1, 0, 1, ~0U), -XEN_EPERM);
	check("of 2^63 extents for as many", exchange(1UL << 63, 1, 1UL << 63, 1), -XEN_EINVAL);
	check("of 2^62 extents of order 2, which wrap to none", exchange(1UL << 62, 2, 0, 0),
	      -XEN_EINVAL);
	in[0] = mfn_of(page);
	in[1] = mfn_of(second);
	check("of a page that is mapped", exchange(1, 0, 1, 0), -XEN_EINVAL);
	check("of 1 done", x.nr_exchanged, 0);
	va_map(page, 0);
	check("of two, the second mapped", exchange(2, 0, 2, 0), -XEN_EINVAL);
	check("of 2 done", x.nr_exchanged, 1);
	check_that("the first moved", out[0] != in[0]);
	in[0] = MFN_ABSENT;
	x.nr_exchanged = 0;
	check("of a frame of no memory", exchange(1, 0, 1, 0), -XEN_EINVAL);
	in[0] = ~0UL;
	check("of frame 2^64 - 1", exchange(1, 0, 1, 0), -XEN_EINVAL);
	in[0] = out[0];
	x.nr_exchanged = 1;
	check("of one that is done already", exchange(1, 0, 1, 0), 0);

	lists((void *)VA_UNMAPPED, out);
	check("a list that is not mapped", exchange(1, 0, 1, 0), -XEN_EFAULT);
	check("of it done", x.nr_exchanged, 0);
	lists((void *)VA_HYPERVISOR, out);
	check("the hypervisor's", exchange(1, 0, 1, 0), -XEN_EFAULT);
	lists(in, (void *)VA_UNMAPPED);
	check("for a list that is not mapped", exchange(1, 0, 1, 0), -XEN_EFAULT);
	lists(in, (void *)VA_NONCANONICAL);
	check("for one that is not canonical", exchange(1, 0, 1, 0), -XEN_EFAULT);
	lists(in, out);
	x.in.domid = x.out.domid = 999;
	check("of a domain that is not there", exchange(1, 0, 1, 0), -XEN_ESRCH);
	x.nr_exchanged = 1;
	check("of it, all done", exchange(1, 0, 1, 0), 0);
	x.nr_exchanged = 0;
	check("of nothing of it", exchange(0, 0, 0, 0), 0);
	lists(in, out);
	x.out.mem_flags = XENMEMF_address_bits(11);
	check("below 2^11 bytes", exchange(1, 0, 1, 0), -XEN_EINVAL);
}
