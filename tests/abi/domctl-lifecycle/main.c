/* SPDX-License-Identifier: MIT */
/* Rule: a domain that is created, run and destroyed gives every page back; its number is free. */
#include "../kit/kit.h"

static void peer_runs(void)
{
	grant_init();
	event_self();
}

static ulong free_pages(void)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_physinfo,
				 .interface_version = XEN_SYSCTL_INTERFACE_VERSION };

	if (hypercall(sysctl, &op))
		error("physinfo");
	return op.u.physinfo.free_pages + op.u.physinfo.scrub_pages;
}

/* Frees that come late, after the domain's last reference, have come when nothing changes. */
static ulong settled_pages(void)
{
	ulong before;

	do
		before = free_pages();
	while (wait_for(free_pages() != before, 300));
	return before;
}

/* Stock Xen's heap keeps some for each of several processors: fewer than a domain's. */
static void check_missing(ulong before)
{
	long missing = (long)(before - settled_pages()), slack = processors() > 1 ? 128 : 0;

	check("pages missing", missing > slack || missing < -slack ? missing : 0, 0);
}

TEST
{
	static struct peer peer, second;
	struct xen_domctl op = { 0 };
	ulong before;

	peer_start(&peer, 2, peer_runs); /* the first one leaves the hypervisor's pools filled */
	check("a peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("destroy", peer_destroy(&peer), 0);
	wait_for(domctl(&op, XEN_DOMCTL_getdomaininfo, peer.id) == -XEN_ESRCH, 3000);
	before = settled_pages();
	for (unsigned int i = 0; i < 5; i++) {
		peer_start(&peer, 2, peer_runs);
		check_that("it takes its pages", before - free_pages() >= peer.nr_pages);
		check("it ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
		check("destroy", peer_destroy(&peer), 0);
		check_that("it is gone",
			   wait_for(domctl(&op, XEN_DOMCTL_getdomaininfo, peer.id) == -XEN_ESRCH,
				    3000));
		check_missing(before);
	}
	peer_create(&peer, 1);
	peer_create(&second, 1);
	check("two have two numbers", peer.id != second.id, 1);
	op.u.createdomain = (struct xen_domctl_createdomain){ .max_vcpus = 1,
							      .max_evtchn_port = 1023,
							      .max_grant_frames = 4,
							      .max_maptrack_frames = 4,
							      .grant_opts = 1 };
	check("create with a number in use", domctl(&op, XEN_DOMCTL_createdomain, peer.id),
	      -XEN_EEXIST);
	check("with a free number", domctl(&op, XEN_DOMCTL_createdomain, 777), 0);
	check("the number", op.domain, 777);
	check("destroy it", domctl(&op, XEN_DOMCTL_destroydomain, 777), 0);
	check("destroy one that never ran", peer_destroy(&peer), 0);
	check("destroy the other", peer_destroy(&second), 0);
	check_missing(before);
}
