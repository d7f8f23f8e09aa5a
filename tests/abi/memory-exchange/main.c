/* SPDX-License-Identifier: MIT */
/* Rule: exchange swaps frames for others of the same total size, and says how many extents. */
/* as: dom0, domU */
#include "../kit/kit.h"

static xen_pfn_t in[8], out[8];

static void describe(struct xen_memory_exchange *x, ulong n_in, ulong n_out, unsigned int order)
{
	memset(x, 0, sizeof(*x));
	x->in.nr_extents = n_in;
	x->in.domid = x->out.domid = DOMID_SELF;
	x->out.nr_extents = n_out;
	x->out.extent_order = order;
	set_xen_guest_handle(x->in.extent_start, in);
	set_xen_guest_handle(x->out.extent_start, out);
}

TEST
{
	struct xen_memory_exchange x;
	domid_t self = DOMID_SELF;
	long before = hypercall(memory_op, XENMEM_current_reservation, &self);
	char *page[8];
	unsigned int right = 0;

	for (unsigned int i = 0; i < 8; i++) {
		page[i] = page_alloc();
		in[i] = mfn_of(page[i]);
		va_map(page[i], 0);
	}
	out[0] = (ulong)(page[0] - image_start) / PAGE_SIZE;
	describe(&x, 8, 2, 0);
	check("sizes that differ", hypercall(memory_op, XENMEM_exchange, &x), -XEN_EINVAL);
	describe(&x, 8, 1, 3);
	x.out.domid = 1000;
	check("two domains", hypercall(memory_op, XENMEM_exchange, &x), -XEN_EINVAL);
	describe(&x, 8, 1, 3);
	x.nr_exchanged = 9;
	check("more done than there is", hypercall(memory_op, XENMEM_exchange, &x), -XEN_EINVAL);
	describe(&x, 8, 1, 3);
	check("8 pages for one extent of order 3", hypercall(memory_op, XENMEM_exchange, &x), 0);
	check("nr_exchanged", x.nr_exchanged, 8);
	check("the extent's alignment", out[0] & 7, 0);
	check("reservation", hypercall(memory_op, XENMEM_current_reservation, &self), before);
	for (unsigned int i = 0; i < 8; i++)
		right += machine_to_phys_mapping[out[0] + i] ==
			 (ulong)(page[i] - image_start) / PAGE_SIZE;
	check("M2P entries of the new frames", right, 8);
	check("mapping an old frame", va_map(page[0], in[0] * PAGE_SIZE | PTE_KERN), -XEN_EBUSY);
	check("mapping a new one", va_map(page[0], out[0] * PAGE_SIZE | PTE_KERN), 0);
	describe(&x, 1, 1, 0);
	check("exchange of a frame that is not ours", hypercall(memory_op, XENMEM_exchange, &x),
	      -XEN_EINVAL);
	check("nr_exchanged", x.nr_exchanged, 0);
}
