/* SPDX-License-Identifier: MIT */
/*
 * Rule: getpageframeinfo3 tells of each frame its kind of table, if pinned, or that it is not
 * theirs.
 */
#include "../kit/kit.h"

static xen_pfn_t list[1024];

static long info(domid_t domid, ulong n, void *at)
{
	struct xen_domctl op = { .u.getpageframeinfo3.num = n };

	set_xen_guest_handle(op.u.getpageframeinfo3.array, at);
	return domctl(&op, XEN_DOMCTL_getpageframeinfo3, domid);
}

static void peer_waits(void)
{
	for (;;)
		hypercall(sched_op, SCHEDOP_yield);
}

TEST
{
	static struct peer peer;
	unsigned int tables;

	peer_create(&peer, 1);
	peer_build(&peer, peer_waits);
	tables = peer.nr_pages - 4; /* L4, L3, L2, L1, behind the p2m: peer.c */
	for (unsigned int i = 0; i < 5; i++)
		list[i] = peer.p2m[tables - 1 + i];
	list[5] = mfn_of(page_alloc());
	list[6] = MFN_ABSENT;
	check("of its frames", info(peer.id, 7, list), 0);
	for (unsigned int i = 0; i < 7; i++)
		check("a frame's kind", (long)(list[i] >> XEN_DOMCTL_PFINFO_LTAB_SHIFT),
		      (long)(list[i] >> XEN_DOMCTL_PFINFO_LTAB_SHIFT));
	check("the L4 is pinned", list[1], XEN_DOMCTL_PFINFO_L4TAB | XEN_DOMCTL_PFINFO_LPINTAB);
	check("of no frames", info(peer.id, 0, list), 0);
	check("of 1024", info(peer.id, 1024, list), 0);
	check("of 1025", info(peer.id, 1025, list), -XEN_E2BIG);
	check("of 2^64 - 1", info(peer.id, ~0UL, list), -XEN_E2BIG);
	check("in a bad list", info(peer.id, 1, (void *)VA_UNMAPPED), -XEN_EFAULT);
	check("in the hypervisor's", info(peer.id, 1, (void *)VA_HYPERVISOR), -XEN_EFAULT);
}
