/* SPDX-License-Identifier: MIT */
/*
 * Rule: a domain has as many mappings as its maptrack frames hold; the next is told that there is
 * no space, and an unmap makes room for one.
 */
#include "../kit/kit.h"

#define REF      8
#define PER_PAGE 256 /* handles of 16 bytes; Xen's number and ours */

static grant_handle_t first, last;

static int map(grant_handle_t *handle)
{
	return grant_map((domid_t)box.value[20], REF, 0, GNTMAP_device_map | GNTMAP_readonly, handle);
}

static void peer_maps(void)
{
	static char page[PAGE_SIZE] ALIGNED(PAGE_SIZE);
	struct gnttab_unmap_grant_ref unmap = { 0 };
	int status;

	grant_init();
	grant_give(REF, (domid_t)box.value[20], page, GTF_readonly);
	if (map(&first))
		return;
	box.value[0] = 1;
	while (!(status = map(&last)))
		box.value[0]++;
	box.value[1] = status;
	unmap.handle = first;
	unmap.dev_bus_addr = 0;
	box.value[2] = grant_unmap(first, 0);
	unmap.handle = first;
	unmap.dev_bus_addr = mfn_of(page) * PAGE_SIZE;
	unmap.status = 77;
	box.value[3] = hypercall(grant_table_op, GNTTABOP_unmap_grant_ref, &unmap, 1);
	box.value[4] = unmap.status;
	box.value[5] = map(&last);
	box.value[6] = last == first;
	box.value[7] = map(&last);
}

TEST
{
	static struct peer peer;

	peer_create(&peer, 1);
	peer_build(&peer, peer_maps);
	peer.box->value[20] = peer.id;
	peer_unpause(&peer);
	check("a peer ends", peer_wait(&peer, 20000), SHUTDOWN_poweroff);
	check("mappings in 4 frames", peer.box->value[0], peer.box->value[0]);
	check_status("the next", peer.box->value[1], GNTST_no_device_space);
	check_status("unmap of no address, which undoes nothing", peer.box->value[2], GNTST_okay);
	check("unmap", peer.box->value[3], 0);
	check_status("its status", peer.box->value[4], GNTST_okay);
	check_status("one more", peer.box->value[5], GNTST_okay);
	check("by the handle that was free", peer.box->value[6], 1);
	check_status("and then none", peer.box->value[7], GNTST_no_device_space);
}
