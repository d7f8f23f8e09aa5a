/* SPDX-License-Identifier: MIT */
/* Rule: a peer's grant is mapped by the domain it names; the peer's death does not unmap it. */
#include "../kit/kit.h"

static void peer_gives(void)
{
	char *page = page_alloc();
	grant_handle_t handle;

	grant_init();
	page[0] = 'p';
	grant_give(20, 0, page, 0);
	grant_give(21, 0, page, GTF_readonly);
	box.value[0] = 1;
	while (!box.value[9])
		hypercall(sched_op, SCHEDOP_yield);
	box.value[1] = page[1];
	box.value[2] = grant_map(0, 9, (ulong)page_alloc(), GNTMAP_host_map, &handle);
	box.value[3] = grant_map(0, 10, (ulong)page_alloc(), GNTMAP_host_map, &handle);
}

TEST
{
	volatile char *at = page_alloc(), *ro = page_alloc();
	grant_handle_t handle, ro_handle;
	static struct peer peer;
	struct xen_domctl op = { 0 };

	grant_init();
	/* Stock Xen flushes nothing of what a grant's entry replaces. */
	check("their places are empty", va_map((void *)at, 0) || va_map((void *)ro, 0), 0);
	peer_start(&peer, 1, peer_gives);
	grant_give(9, peer.id, page_alloc(), 0);
	grant_give(10, 0, page_alloc(), 0);
	check_that("the peer gives", wait_for(peer.box->value[0], 5000));
	check_status("map", grant_map(peer.id, 20, (ulong)at, GNTMAP_host_map, &handle),
		     GNTST_okay);
	check("what is there", at[0], 'p');
	at[1] = 42;
	check_status("map of the read-only one, writable",
		     grant_map(peer.id, 21, (ulong)ro, GNTMAP_host_map, &ro_handle),
		     GNTST_general_error);
	check_status(
		"read-only",
		grant_map(peer.id, 21, (ulong)ro, GNTMAP_host_map | GNTMAP_readonly, &ro_handle),
		GNTST_okay);
	check("what is there", ro[1], 42);
	peer.box->value[9] = 1;
	check("the peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("it saw our write", peer.box->value[1], 42);
	check_status("it mapped what is for it", peer.box->value[2], GNTST_okay);
	check_status("and what is not", peer.box->value[3], GNTST_general_error);
	check("marks of its mapping", grant_table[9].flags & (GTF_reading | GTF_writing),
	      GTF_reading | GTF_writing);

	check("destroy", peer_destroy(&peer), 0);
	check("its mapping of ours is gone", grant_table[9].flags & (GTF_reading | GTF_writing), 0);
	check("our mapping of its is not: what is there", at[1], 42);
	check("the dying domain is still known", domctl(&op, XEN_DOMCTL_getdomaininfo, peer.id), 0);
	check("it is dying", op.u.getdomaininfo.flags & XEN_DOMINF_dying, XEN_DOMINF_dying);
	check_status("unmap", grant_unmap(handle, (ulong)at), GNTST_okay);
	check_status("unmap of the read-only one", grant_unmap(ro_handle, (ulong)ro), GNTST_okay);
	check_that("now it is gone",
		   wait_for(domctl(&op, XEN_DOMCTL_getdomaininfo, peer.id) == -XEN_ESRCH, 2000));
}
