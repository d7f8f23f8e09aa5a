/* SPDX-License-Identifier: MIT */
/* Rule: getdomaininfo and its list tell what a domain is, in which state and of which size. */
#include "../kit/kit.h"

static void peer_waits(void)
{
	box.value[0] = 1;
	for (;;)
		hypercall(sched_op, SCHEDOP_block);
}

static long list(domid_t first, struct xen_domctl_getdomaininfo *buffer, unsigned int room,
		 unsigned int *n)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_getdomaininfolist,
				 .interface_version = XEN_SYSCTL_INTERFACE_VERSION,
				 .u.getdomaininfolist = { .first_domain = first,
							  .max_domains = room } };
	long err;

	set_xen_guest_handle(op.u.getdomaininfolist.buffer, buffer);
	err = hypercall(sysctl, &op);
	*n = op.u.getdomaininfolist.num_domains;
	return err;
}

TEST
{
	static struct peer peer;
	static struct xen_domctl_getdomaininfo infos[8];
	struct xen_domctl op = { 0 };
	struct xen_domctl_getdomaininfo *info = &op.u.getdomaininfo;
	unsigned int n;

	check("dom0", domctl(&op, XEN_DOMCTL_getdomaininfo, 0), 0);
	check("domain", info->domain, 0);
	check("pages", info->tot_pages, start_info->nr_pages);
	check_same("shared info", info->shared_info_frame, start_info->shared_info / PAGE_SIZE);
	check("running, nothing else", info->flags & 0xff, XEN_DOMINF_running);
	check("vcpus", info->nr_online_vcpus, 1);
	check_that("cpu time", info->cpu_time > 0);

	peer_create(&peer, 2);
	check("a new peer", domctl(&op, XEN_DOMCTL_getdomaininfo, peer.id), 0);
	check("domain", info->domain, peer.id);
	check("paused", info->flags & 0xff & ~XEN_DOMINF_blocked, XEN_DOMINF_paused);
	check("pages", info->tot_pages, 0);
	check("limit", info->max_pages, PEER_PAGES);
	check("highest vcpu", info->max_vcpu_id, 1);
	check("online vcpus", info->nr_online_vcpus, 0);
	peer_build(&peer, peer_waits);
	peer_unpause(&peer);
	check_that("it runs", wait_for(peer.box->value[0], 5000));
	for (n = 0; n < 10; n++)
		hypercall(sched_op, SCHEDOP_yield);
	domctl(&op, XEN_DOMCTL_getdomaininfo, peer.id);
	check("it is blocked", info->flags & 0xff, XEN_DOMINF_blocked);
	check("pages", info->tot_pages, peer.nr_pages);
	check("online vcpus", info->nr_online_vcpus, 1);

	check("list", list(0, infos, 8, &n), 0);
	check("domains", n, 2);
	check("the first", infos[0].domain, 0);
	check("the second", infos[1].domain, peer.id);
	check("from the first of those above dom0", list(1, infos, 8, &n), 0);
	check("domains", n, 1);
	check("it is the peer", infos[0].domain, peer.id);
	check("with room for one", list(0, infos, 1, &n), 0);
	check("domains", n, 1);
	check("above all", list(1000, infos, 8, &n), 0);
	check("domains", n, 0);
	check("getdomaininfo of a number between finds the next",
	      domctl(&op, XEN_DOMCTL_getdomaininfo, 1000), -XEN_ESRCH);
	check("destroy", peer_destroy(&peer), 0);
}
