/* SPDX-License-Identifier: MIT */
/*
 * Rule: a grant is mapped 128 times at most, and a domain has as many mappings as its maptrack
 * frames hold; the next is told that there is no space, and an unmap makes room for one.
 */
#include "../kit/kit.h"

#define REF  8
#define REFS 24

static grant_handle_t first, last;

static int map(grant_ref_t ref, grant_handle_t *handle)
{
	return grant_map((domid_t)box.value[20], ref, 0, GNTMAP_device_map | GNTMAP_readonly,
			 handle);
}

/* As often as it goes. */
static int map_all(grant_ref_t ref, volatile long *count)
{
	int status;

	while (!(status = map(ref, &last)))
		(*count)++;
	return status;
}

static void peer_maps(void)
{
	static char page[PAGE_SIZE] ALIGNED(PAGE_SIZE);
	struct gnttab_unmap_grant_ref unmap = { 0 };

	grant_init();
	for (unsigned int i = 0; i < REFS; i++)
		grant_give(REF + i, (domid_t)box.value[20], page, GTF_readonly);
	box.value[8] = map(REF, &first);
	box.value[9] = 1;
	box.value[10] = map_all(REF, &box.value[9]);
	box.value[0] = box.value[9];
	for (unsigned int i = 1; i < REFS; i++)
		box.value[1] = map_all(REF + i, &box.value[0]);
	unmap.handle = first;
	unmap.dev_bus_addr = 0;
	box.value[2] = grant_unmap(first, 0);
	unmap.handle = first;
	unmap.dev_bus_addr = mfn_of(page) * PAGE_SIZE;
	unmap.status = 77;
	box.value[3] = hypercall(grant_table_op, GNTTABOP_unmap_grant_ref, &unmap, 1);
	box.value[4] = unmap.status;
	box.value[5] = map(REF, &last);
	box.value[6] = map(REF + REFS - 1, &last);
}

TEST
{
	static struct peer peer;

	peer_create(&peer, 1);
	peer_build(&peer, peer_maps);
	peer.box->value[20] = peer.id;
	peer_unpause(&peer);
	check("a peer ends", peer_wait(&peer, 20000), SHUTDOWN_poweroff);
	check_status("map", peer.box->value[8], GNTST_okay);
	check("mappings of one grant", peer.box->value[9], 128);
	check_status("the next of it", peer.box->value[10], GNTST_general_error);
	check_that("mappings in 4 frames, of 16 bytes at most", peer.box->value[0] >= 1023);
	check_status("the next", peer.box->value[1], GNTST_no_space);
	check_status("unmap of no address, which undoes nothing", peer.box->value[2], GNTST_okay);
	check("unmap", peer.box->value[3], 0);
	check_status("its status", peer.box->value[4], GNTST_okay);
	check_status("one more", peer.box->value[5], GNTST_okay);
	check_status("and then none", peer.box->value[6], GNTST_no_space);
}
