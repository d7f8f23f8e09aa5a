/* SPDX-License-Identifier: MIT */
/*
 * Rule: who clears the page-table entry of a grant by himself, and unmaps after the granter's end,
 * hurts nobody but himself.
 */
#include "../kit/kit.h"

static void granter(void)
{
	grant_init();
	grant_give(20, (domid_t)box.value[0], page_alloc(), 0);
	grant_give(21, (domid_t)box.value[0], page_alloc(), 0);
	box.value[1] = 1;
	while (!box.value[2])
		hypercall(sched_op, SCHEDOP_yield);
}

static void mapper(void)
{
	void *one = page_alloc(), *other = page_alloc();
	domid_t from = (domid_t)box.value[0];
	grant_handle_t handle, kept;

	box.value[1] = grant_map(from, 20, (ulong)one, GNTMAP_host_map, &handle);
	grant_map(from, 21, (ulong)other, GNTMAP_host_map, &kept);
	va_map(one, 0);
	va_map(other, 0);
	box.value[2] = 1;
	while (!box.value[3])
		hypercall(sched_op, SCHEDOP_yield);
	grant_unmap(handle, (ulong)one); /* Xen ends the caller here; the other one is forgotten */
}

TEST
{
	static struct peer give, map;
	struct xen_domctl op = { 0 };

	peer_create(&give, 1);
	peer_build(&give, granter);
	peer_create(&map, 1);
	peer_build(&map, mapper);
	give.box->value[0] = map.id;
	map.box->value[0] = give.id;
	peer_unpause(&give);
	check_that("a peer grants two pages", wait_for(give.box->value[1], 5000));
	peer_unpause(&map);
	check_that("another maps them, and clears the entries", wait_for(map.box->value[2], 5000));
	check_status("map", map.box->value[1], GNTST_okay);
	give.box->value[2] = 1;
	check("the granter ends", peer_wait(&give, 5000), SHUTDOWN_poweroff);
	check("destroy", peer_destroy(&give), 0);
	map.box->value[3] = 1;
	check_that("the mapper ends, one way or the other", peer_wait(&map, 5000) >= 0);
	check("destroy", peer_destroy(&map), 0);
	check_that("both are gone",
		   wait_for(domctl(&op, XEN_DOMCTL_getdomaininfo, give.id) == -XEN_ESRCH &&
				    domctl(&op, XEN_DOMCTL_getdomaininfo, map.id) == -XEN_ESRCH,
			    2000));
}
