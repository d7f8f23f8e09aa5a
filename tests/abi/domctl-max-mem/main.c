/* SPDX-License-Identifier: MIT */
/* Rule: max_mem may go below what a domain has; it then gets no more until it has given back. */
#include "../kit/kit.h"

static long max_mem(domid_t id, uint64_t kb)
{
	struct xen_domctl op = { .u.max_mem.max_memkb = kb };

	return domctl(&op, XEN_DOMCTL_max_mem, id);
}

static long pages(unsigned int op, domid_t id, xen_pfn_t *list, ulong n)
{
	struct xen_memory_reservation r = { .nr_extents = n, .domid = id };

	set_xen_guest_handle(r.extent_start, list);
	return hypercall(memory_op, op, &r);
}

TEST
{
	static struct peer peer;
	xen_pfn_t list[16];

	peer_create(&peer, 1);
	check("16 pages", pages(XENMEM_increase_reservation, peer.id, list, 16), 16);
	check("limit of 8 pages", max_mem(peer.id, 8 * 4), 0);
	check("maximum_reservation", hypercall(memory_op, XENMEM_maximum_reservation, &peer.id), 8);
	check("current_reservation", hypercall(memory_op, XENMEM_current_reservation, &peer.id),
	      16);
	check("one more", pages(XENMEM_increase_reservation, peer.id, list + 15, 1), 0);
	check("giving back 10", pages(XENMEM_decrease_reservation, peer.id, list, 10), 10);
	check("4 more, two too many", pages(XENMEM_increase_reservation, peer.id, list, 4), 2);
	check("limit of 3 KiB, which is no page", max_mem(peer.id, 3), 0);
	check("maximum_reservation", hypercall(memory_op, XENMEM_maximum_reservation, &peer.id), 0);
	check("limit of nobody", max_mem(1000, 4), -XEN_ESRCH);
	check("destroy", peer_destroy(&peer), 0);
}
