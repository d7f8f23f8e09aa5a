/* SPDX-License-Identifier: MIT */
/* Rule: frames given back by decrease_reservation come again by populate_physmap, all usable. */
/* as: dom0, domU */
#include "../kit/kit.h"

#define N 8

static long reservation(unsigned int op, xen_pfn_t *list, unsigned long n, unsigned int order)
{
	struct xen_memory_reservation r = { .nr_extents = n,
					    .extent_order = order,
					    .domid = DOMID_SELF };

	set_xen_guest_handle(r.extent_start, list);
	return hypercall(memory_op, op, &r);
}

TEST
{
	domid_t self = DOMID_SELF;
	long before = hypercall(memory_op, XENMEM_current_reservation, &self);
	xen_pfn_t list[N];
	char *page[N];
	unsigned int pfn[N], right = 0, clean = 0;

	for (unsigned int i = 0; i < N; i++) {
		page[i] = page_alloc();
		pfn[i] = (ulong)(page[i] - image_start) / PAGE_SIZE;
		list[i] = mfn_of(page[i]);
	}
	check("decrease of mapped frames", reservation(XENMEM_decrease_reservation, list, N, 0), N);
	check("reservation: they count until unmapped",
	      before - hypercall(memory_op, XENMEM_current_reservation, &self), 0);
	for (unsigned int i = 0; i < N; i++)
		va_map(page[i], 0);
	check("reservation after unmapping",
	      before - hypercall(memory_op, XENMEM_current_reservation, &self), N);
	check("decrease again", reservation(XENMEM_decrease_reservation, list, N, 0), 0);
	check("mapping one of them", va_map(page[0], list[0] * PAGE_SIZE | PTE_KERN), -XEN_EBUSY);

	for (unsigned int i = 0; i < N; i++)
		list[i] = pfn[i];
	check("populate", reservation(XENMEM_populate_physmap, list, N, 0), N);
	check("reservation", hypercall(memory_op, XENMEM_current_reservation, &self), before);
	for (unsigned int i = 0; i < N; i++) {
		right += machine_to_phys_mapping[list[i]] == pfn[i];
		if (va_map(page[i], list[i] * PAGE_SIZE | PTE_KERN))
			continue;
		clean += !memchr(page[i], 1, PAGE_SIZE);
		memset(page[i], 1, PAGE_SIZE);
	}
	check("frames whose M2P entry is the pfn", right, N);
	check("frames that can be mapped and written", clean, N);
	list[0] = MFN_ABSENT;
	check("decrease of a frame that is not there",
	      reservation(XENMEM_decrease_reservation, list, 1, 0), 0);
}
