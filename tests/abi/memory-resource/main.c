/* SPDX-License-Identifier: MIT */
/* Rule: acquire_resource shows dom0 a peer's grant table, which it maps as the peer's. */
#include "../kit/kit.h"

static long acquire(domid_t domid, unsigned int type, unsigned int id, unsigned int frame,
		    unsigned int n, xen_pfn_t *list)
{
	struct xen_mem_acquire_resource op = {
		.domid = domid, .type = type, .id = id, .frame = frame, .nr_frames = n
	};

	set_xen_guest_handle(op.frame_list, list);
	return hypercall(memory_op, XENMEM_acquire_resource, &op);
}

#define TABLE(domid, id, frame, n) acquire(domid, XENMEM_resource_grant_table, id, frame, n, list)

static void peer_tries(void)
{
	xen_pfn_t list[1];

	grant_init();
	box.value[0] = TABLE(0, XENMEM_resource_grant_table_id_shared, 0, 1);
	while (!(box.value[1] = grant_table[8].frame))
		hypercall(sched_op, SCHEDOP_yield);
}

TEST
{
	struct grant_entry_v1 *table = page_alloc();
	static struct peer peer;
	xen_pfn_t list[8] = { 0 };
	struct xen_mem_acquire_resource size = { .type = XENMEM_resource_grant_table };

	peer_create(&peer, 1);
	size.domid = peer.id;
	check("how many frames there may be", hypercall(memory_op, XENMEM_acquire_resource, &size),
	      0);
	check("they are as created", size.nr_frames, 4);
	check("no frames, but a list", TABLE(peer.id, 0, 0, 0), -XEN_EINVAL);
	check("the first", TABLE(peer.id, XENMEM_resource_grant_table_id_shared, 0, 1), 0);
	check("mapping it as the peer's",
	      va_map_foreign(table, list[0] * PAGE_SIZE | PTE_KERN, peer.id), 0);
	check("frame 4, behind the limit", TABLE(peer.id, 0, 4, 1), -XEN_EINVAL);
	check("five frames", TABLE(peer.id, 0, 0, 5), -XEN_EINVAL);
	check("id 99", TABLE(peer.id, 99, 0, 1), -XEN_EINVAL);
	check("type 99", acquire(peer.id, 99, 0, 0, 1, list), -XEN_EOPNOTSUPP);
	check("of nobody", TABLE(1000, 0, 0, 1), -XEN_ESRCH);
	check("of ourselves", TABLE(DOMID_SELF, 0, 0, 1), -XEN_ESRCH);
	peer_build(&peer, peer_tries);
	peer_unpause(&peer);
	table[8].frame = 0x4321;
	check("the peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("its own try at dom0's", peer.box->value[0], -XEN_EPERM);
	check("it saw what was written", peer.box->value[1], 0x4321);
	check("unmap", va_protect(table, PTE_KERN), 0);
	check("destroy", peer_destroy(&peer), 0);
}
