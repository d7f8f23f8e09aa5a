/* SPDX-License-Identifier: MIT */
/*
 * Rule: what a toolstack sets of a domain has its limits: nodes, TSC mode, address size, dirty
 * logging, ports, interrupts, memory of the machine.
 */
/* since: 4.17.7 */
#include "../kit/kit.h"

static struct peer peer;

static long nodes(unsigned int cmd, unsigned int bits, void *map)
{
	struct xen_domctl op = { .u.nodeaffinity.nodemap.nr_bits = bits };

	set_xen_guest_handle(op.u.nodeaffinity.nodemap.bitmap, map);
	return domctl(&op, cmd, peer.id);
}

static long tsc(unsigned int mode)
{
	struct xen_domctl op = { .u.tsc_info.tsc_mode = mode };

	return domctl(&op, XEN_DOMCTL_settscinfo, peer.id);
}

static long shadow(unsigned int what)
{
	struct xen_domctl op = { .u.shadow_op.op = what };

	return domctl(&op, XEN_DOMCTL_shadow_op, peer.id);
}

static long ports(unsigned int first, unsigned int n)
{
	struct xen_domctl op = { .u.ioport_permission = { first, n, 1 } };

	return domctl(&op, XEN_DOMCTL_ioport_permission, peer.id);
}

static long memory(ulong first, ulong n)
{
	struct xen_domctl op = { .u.iomem_permission = { first, n, 1 } };

	return domctl(&op, XEN_DOMCTL_iomem_permission, peer.id);
}

static long irq(unsigned int pirq, unsigned int allow)
{
	struct xen_domctl op = { .u.irq_permission = { (uint32_t)pirq, (uint8_t)allow } };

	return domctl(&op, XEN_DOMCTL_irq_permission, peer.id);
}

static void of_the_machine(void)
{
	struct physdev_map_pirq map = {
		.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = 8, .pirq = 8
	};

	check("ports 0x70 and 0x71", ports(0x70, 2), 0);
	check("no ports", ports(0x70, 0), -XEN_EINVAL);
	check("the last port", ports(65535, 1), 0);
	check("one more", ports(65535, 2), -XEN_EINVAL);
	check("port 65536", ports(65536, 1), -XEN_EINVAL);
	check("ports that wrap around", ports(~0U, 2), -XEN_EINVAL);
	check("a frame of the BIOS", memory(0xf0, 1), 0);
	check("no frames", memory(0xf0, 0), -XEN_EINVAL);
	check("a frame beyond 40 bits", memory(1UL << 28, 1), -XEN_EPERM);
	check("frames that wrap around", memory(~0UL - 1, 4), -XEN_EINVAL);
	check("an interrupt that dom0 has not mapped", irq(8, 1), -XEN_EPERM);
	check("map_pirq", hypercall(physdev_op, PHYSDEVOP_map_pirq, &map), 0);
	check("interrupt 8", irq(8, 1), 0);
	check("taken back", irq(8, 0), 0);
	check("interrupt 2^32 - 1", irq(~0U, 1), -XEN_EINVAL);
}

TEST
{
	struct xen_domctl op = { 0 };
	uint8_t map[8] = { 0 };

	peer_create(&peer, 1);
	peer_build(&peer, events_off);
	check("getnodeaffinity", nodes(XEN_DOMCTL_getnodeaffinity, 64, map), 0);
	check("the first node", map[0] & 1, 1);
	map[0] = 1;
	check("setnodeaffinity", nodes(XEN_DOMCTL_setnodeaffinity, 64, map), 0);
	check("of 1 bit", nodes(XEN_DOMCTL_setnodeaffinity, 1, map), 0);
	check("of no bits", nodes(XEN_DOMCTL_setnodeaffinity, 0, map), -XEN_EINVAL);
	map[0] = 0;
	check("to no node", nodes(XEN_DOMCTL_setnodeaffinity, 64, map), -XEN_EINVAL);
	check("from a bad map", nodes(XEN_DOMCTL_setnodeaffinity, 64, (void *)VA_UNMAPPED),
	      -XEN_EFAULT);
	check("get into a bad map", nodes(XEN_DOMCTL_getnodeaffinity, 64, (void *)VA_UNMAPPED),
	      -XEN_EFAULT);
	check("get into none", nodes(XEN_DOMCTL_getnodeaffinity, 0, NULL), 0);

	check("settscinfo default", tsc(0), 0);
	check("never emulated", tsc(2), 0);
	check("mode 3", tsc(3), -XEN_EINVAL);
	check("mode 2^32 - 1", tsc(~0U), -XEN_EINVAL);
	check("gettscinfo", domctl(&op, XEN_DOMCTL_gettscinfo, peer.id), 0);
	check("its mode", op.u.tsc_info.tsc_mode, 2);
	check("its frequency", op.u.tsc_info.gtsc_khz, 0);
	op.u.tsc_info = (struct xen_domctl_tsc_info){ .incarnation = 7 };
	check("settscinfo, incarnation 7", domctl(&op, XEN_DOMCTL_settscinfo, peer.id), 0);
	check("gettscinfo", domctl(&op, XEN_DOMCTL_gettscinfo, peer.id), 0);
	check("its mode", op.u.tsc_info.tsc_mode, 0);
	check("its next incarnation", op.u.tsc_info.incarnation, 8);
	check_that("its frequency in kHz", op.u.tsc_info.gtsc_khz > 1000);
	check("gettscinfo of oneself", domctl(&op, XEN_DOMCTL_gettscinfo, 0), -XEN_EINVAL);

	check("shadow_op off, which it is", shadow(XEN_DOMCTL_SHADOW_OP_OFF), -XEN_EINVAL);
	check("log dirty pages", shadow(XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY), -XEN_EOPNOTSUPP);
	check("shadow_op 99", shadow(99), -XEN_EINVAL);
	op.u.address_size.size = 32;
	memset(&op, 0, sizeof(op));
	op.u.address_size.size = 48;
	check("set_address_size 48", domctl(&op, XEN_DOMCTL_set_address_size, peer.id),
	      -XEN_EINVAL);
	memset(&op, 0, sizeof(op));
	op.u.subscribe.port = 5000;
	check("subscribe a port that is not there", domctl(&op, XEN_DOMCTL_subscribe, peer.id), 0);
	of_the_machine();
	peer_unpause(&peer);
	check("it ends all the same", peer_wait(&peer, 10000), SHUTDOWN_poweroff);
}
