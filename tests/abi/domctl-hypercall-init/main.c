/* SPDX-License-Identifier: MIT */
/* Rule: hypercall_init fills a peer's page with the same calls that its own note would. */
#include "../kit/kit.h"

static long init(struct peer *peer, ulong gmfn)
{
	struct xen_domctl op = { .u.hypercall_init.gmfn = gmfn };

	return domctl(&op, XEN_DOMCTL_hypercall_init, peer->id);
}

static void peer_calls(void)
{
	box.value[0] = hypercall(xen_version, XENVER_version);
}

TEST
{
	static struct peer peer;
	ulong page = ((ulong)hypercall_page - (ulong)image_start) / PAGE_SIZE;
	char *seen = page_alloc();

	peer_create(&peer, 1);
	peer_build(&peer, peer_calls);
	check("mapping the peer's page",
	      va_map_foreign(seen, peer.p2m[page] * PAGE_SIZE | PTE_KERN, peer.id), 0);
	memset(seen, 0xcc, PAGE_SIZE);
	check("hypercall_init", init(&peer, peer.p2m[page]), 0);
	check("the first entry is as ours", memcmp(seen, hypercall_page, 16), 0);
	check("that of iret too",
	      memcmp(seen + __HYPERVISOR_iret * 32, hypercall_page + __HYPERVISOR_iret * 32, 16),
	      0);
	check("of a frame that is not there", init(&peer, MFN_ABSENT), -XEN_EINVAL);
	check("of a frame of ours", init(&peer, mfn_of(page_alloc())), -XEN_EINVAL);
	check("of a page table of its", init(&peer, peer.p2m[peer.nr_pages - 4]), -XEN_EPERM);
	va_map(seen, 0);
	peer_unpause(&peer);
	check("the peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("its xen_version", peer.box->value[0], 4 << 16 | 17);
}
