/* SPDX-License-Identifier: MIT */
/* Rule: increase_reservation gives whole extents, and stops at the domain's limit. */
#include "../kit/kit.h"

static long reservation(unsigned int op, domid_t domid, xen_pfn_t *list, ulong n,
			unsigned int order)
{
	struct xen_memory_reservation r = { .nr_extents = n,
					    .extent_order = order,
					    .domid = domid };

	set_xen_guest_handle(r.extent_start, list);
	return hypercall(memory_op, op, &r);
}

TEST
{
	static struct peer peer;
	xen_pfn_t *list = page_alloc();

	peer_create(&peer, 1);
	check("increase by 8 pages", reservation(XENMEM_increase_reservation, peer.id, list, 8, 0),
	      8);
	check_that("their frames are told", list[0] && list[7] && list[0] != list[7]);
	check("increase by 2 extents of order 3",
	      reservation(XENMEM_increase_reservation, peer.id, list, 2, 3), 2);
	check("an extent is aligned to its size", list[0] & 7, 0);
	check("reservation", hypercall(memory_op, XENMEM_current_reservation, &peer.id), 24);
	check("decrease of one extent of order 3",
	      reservation(XENMEM_decrease_reservation, peer.id, list, 1, 3), 1);
	check("reservation", hypercall(memory_op, XENMEM_current_reservation, &peer.id), 16);
	check("populate of 8 pages of order 9, limit 512 pages",
	      reservation(XENMEM_populate_physmap, peer.id, list, 8, 9), 0);
	for (unsigned int i = 0; i < 512; i++)
		list[i] = i;
	check("populate of 500 pages, 496 below the limit",
	      reservation(XENMEM_populate_physmap, peer.id, list, 500, 0), 496);
	check("one more", reservation(XENMEM_increase_reservation, peer.id, list, 1, 0), 0);
	check("reservation", hypercall(memory_op, XENMEM_current_reservation, &peer.id), 512);
	check("destroy", peer_destroy(&peer), 0);
}
