/* SPDX-License-Identifier: MIT */
/* Rule: a claim sets pages aside for a domain that will have no more than its limit. */
#include "../kit/kit.h"

static long claim(domid_t domid, ulong pages)
{
	struct xen_memory_reservation op = { .domid = domid, .nr_extents = pages };

	return hypercall(memory_op, XENMEM_claim_pages, &op);
}

static ulong outstanding(struct peer *peer)
{
	struct xen_domctl op = { 0 };

	domctl(&op, XEN_DOMCTL_getdomaininfo, peer->id);
	return op.u.getdomaininfo.outstanding_pages;
}

TEST
{
	static struct peer peer;
	xen_pfn_t *list = page_alloc();
	struct xen_memory_reservation r = { .nr_extents = 10 };

	peer_create(&peer, 1);
	check("of 100 pages", claim(peer.id, 100), 0);
	check("outstanding", outstanding(&peer), 100);
	check("a second", claim(peer.id, 100), -XEN_EINVAL);
	r.domid = peer.id;
	set_xen_guest_handle(r.extent_start, list);
	check("10 pages", hypercall(memory_op, XENMEM_increase_reservation, &r), 10);
	check("outstanding", outstanding(&peer), 90);
	check("of none, which ends it", claim(peer.id, 0), 0);
	check("outstanding", outstanding(&peer), 0);
	check("of more than its limit", claim(peer.id, PEER_PAGES + 1), -XEN_EINVAL);
	check("of fewer than it has", claim(peer.id, 5), -XEN_EINVAL);
	check("of nobody", claim(1000, 10), -XEN_EINVAL);
	check("of more than the machine has", (claim(peer.id, 0), claim(peer.id, 1UL << 40)),
	      -XEN_EINVAL);
	check("destroy", peer_destroy(&peer), 0);
}
