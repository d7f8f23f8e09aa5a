/* SPDX-License-Identifier: MIT */
/* Rule: memory_op refuses what is out of range, not yours or unknown, and counts what was done. */
#include "../kit/kit.h"

static long reservation(unsigned int op, domid_t domid, void *list, ulong n, unsigned int order)
{
	struct xen_memory_reservation r = { .nr_extents = n,
					    .extent_order = order,
					    .domid = domid };

	set_xen_guest_handle(r.extent_start, list);
	return hypercall(memory_op, op, &r);
}

static void peer_tries(void)
{
	static xen_pfn_t list[1] = { 400 };

	box.value[0] = reservation(XENMEM_populate_physmap, 0, list, 1, 0);
	box.value[1] = reservation(XENMEM_populate_physmap, DOMID_SELF, list, 1, 10);
	box.value[2] = reservation(XENMEM_populate_physmap, DOMID_SELF, list, 1, 0);
	list[0] = 0x1000;
	box.value[3] = reservation(XENMEM_decrease_reservation, DOMID_SELF, list, 1, 0);
}

TEST
{
	static struct peer peer;
	xen_pfn_t list[4] = { 0 };
	struct xen_add_to_physmap add = { .domid = DOMID_SELF, .space = XENMAPSPACE_shared_info };

	check("populate from a bad pointer",
	      hypercall(memory_op, XENMEM_populate_physmap, VA_UNMAPPED), 0);
	check("populate with a bad list",
	      reservation(XENMEM_populate_physmap, DOMID_SELF, (void *)VA_UNMAPPED, 1, 0), 0);
	check("populate of order 20", reservation(XENMEM_populate_physmap, DOMID_SELF, list, 1, 20),
	      0);
	check("populate of order 2^32 - 1",
	      reservation(XENMEM_populate_physmap, DOMID_SELF, list, 1, ~0U), 0);
	check("populate of 2^60 extents",
	      reservation(XENMEM_populate_physmap, DOMID_SELF, list, 1UL << 60, 0), 0);
	check("populate of none", reservation(XENMEM_populate_physmap, DOMID_SELF, list, 0, 0), 0);
	check("populate for nobody", reservation(XENMEM_populate_physmap, 1000, list, 1, 0), 0);
	check("decrease with a bad list",
	      reservation(XENMEM_decrease_reservation, DOMID_SELF, (void *)VA_NONCANONICAL, 1, 0),
	      0);
	check("decrease of order 20",
	      reservation(XENMEM_decrease_reservation, DOMID_SELF, list, 1, 20), 0);
	check("add_to_physmap of a PV domain", hypercall(memory_op, XENMEM_add_to_physmap, &add),
	      -XEN_EACCES);
	check("sub-op 8", hypercall(memory_op, 8, list), -XEN_ENOSYS);
	check("sub-op 63", hypercall(memory_op, 63, list), -XEN_ENOSYS);

	peer_start(&peer, 1, peer_tries);
	check("a peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("its populate for dom0", peer.box->value[0], 0);
	check("its populate of order 10", peer.box->value[1], 0);
	check("its populate of one page, below its limit", peer.box->value[2], 1);
	check("its decrease of a frame of another", peer.box->value[3], 0);
}
