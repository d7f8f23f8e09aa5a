/* SPDX-License-Identifier: MIT */
/* Rule: ioport_permission gives a domain ports, iomem_permission frames, and takes them again. */
#include "../kit/kit.h"

#define CRTC 0x3d4 /* its index register reads back */

static long crtc_index(void)
{
	unsigned int value = 0x0e;

	__asm__ volatile("outb %b0, %w1\n\tmov $0, %0\n\tinb %w1, %b0" : "+a"(value) : "d"(CRTC));
	return value;
}

static void peer_tries(void)
{
	char *page = page_alloc();
	struct physdev_set_iopl iopl = { .iopl = 1 };

	hypercall(physdev_op, PHYSDEVOP_set_iopl, &iopl);
	while (!box.value[9])
		hypercall(sched_op, SCHEDOP_yield);
	box.value[0] = crtc_index();
	box.value[2] = va_map(page, 0xb8UL * PAGE_SIZE | PTE_KERN);
	box.value[3] = va_map(page, 0xb9UL * PAGE_SIZE | PTE_KERN);
	va_map(page, 0);
	while (box.value[9] != 2)
		hypercall(sched_op, SCHEDOP_yield);
	box.value[4] = crtc_index();
	box.value[5] = va_map(page, 0xb8UL * PAGE_SIZE | PTE_KERN);
}

static long ports(struct peer *peer, unsigned int first, unsigned int count, bool allow)
{
	struct xen_domctl op = { .u.ioport_permission = { first, count, allow } };

	return domctl(&op, XEN_DOMCTL_ioport_permission, peer->id);
}

static long frames(struct peer *peer, ulong first, ulong count, bool allow)
{
	struct xen_domctl op = { .u.iomem_permission = { .first_mfn = first,
							 .nr_mfns = count,
							 .allow_access = allow } };

	return domctl(&op, XEN_DOMCTL_iomem_permission, peer->id);
}

TEST
{
	static struct peer peer;

	peer_start(&peer, 1, peer_tries);
	check("the port", ports(&peer, CRTC, 1, true), 0);
	check("frame 0xb8", frames(&peer, 0xb8, 1, true), 0);
	check("ports behind 65535", ports(&peer, 65535, 2, true), -XEN_EINVAL);
	check("ports that dom0 has not", ports(&peer, 0x20, 2, true), -XEN_EPERM);
	check("frames that wrap", frames(&peer, ~0UL, 2, true), -XEN_EINVAL);
	peer.box->value[9] = 1;
	check_that("the peer tries", wait_for(peer.box->value[3], 5000));
	check("its port", peer.box->value[0], 0x0e);
	check("its frame 0xb8", peer.box->value[2], 0);
	check("its frame 0xb9", peer.box->value[3], -XEN_EPERM);
	check("no port", ports(&peer, CRTC, 1, false), 0);
	check("no frame", frames(&peer, 0xb8, 1, false), 0);
	peer.box->value[9] = 2;
	check("the peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("its port", peer.box->value[4], 0xff);
	check("its frame 0xb8", peer.box->value[5], -XEN_EPERM);
}
