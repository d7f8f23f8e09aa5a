/* SPDX-License-Identifier: MIT */
/* Rule: a vcpu is bound to processors that exist, and its binding is told. */
#include "../kit/kit.h"

static uint8_t bits[8];

static long affinity(struct peer *peer, unsigned int cmd, unsigned int vcpu_id, uint8_t mask,
		     unsigned int flags)
{
	struct xen_domctl op = { .u.vcpuaffinity = { .vcpu = vcpu_id, .flags = flags } };

	bits[0] = mask;
	op.u.vcpuaffinity.cpumap_hard.nr_bits = 64;
	set_xen_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, bits);
	return domctl(&op, cmd, peer->id);
}

TEST
{
	static struct peer peer;

	peer_create(&peer, 1);
	check("get", affinity(&peer, XEN_DOMCTL_getvcpuaffinity, 0, 0, XEN_VCPUAFFINITY_HARD), 0);
	check("processor 0 is in it", bits[0] & 1, 1);
	check("set to processor 0",
	      affinity(&peer, XEN_DOMCTL_setvcpuaffinity, 0, 1, XEN_VCPUAFFINITY_HARD), 0);
	check("get", affinity(&peer, XEN_DOMCTL_getvcpuaffinity, 0, 0, XEN_VCPUAFFINITY_HARD), 0);
	check("it", bits[0], 1);
	check("set to none",
	      affinity(&peer, XEN_DOMCTL_setvcpuaffinity, 0, 0, XEN_VCPUAFFINITY_HARD),
	      -XEN_EINVAL);
	check("set to the one behind the last, which is not there",
	      affinity(&peer, XEN_DOMCTL_setvcpuaffinity, 0, (uint8_t)(1 << processors()),
		       XEN_VCPUAFFINITY_HARD),
	      -XEN_EINVAL);
	check("with no flag", affinity(&peer, XEN_DOMCTL_setvcpuaffinity, 0, 1, 0), -XEN_EINVAL);
	check("of vcpu 1", affinity(&peer, XEN_DOMCTL_setvcpuaffinity, 1, 1, XEN_VCPUAFFINITY_HARD),
	      -XEN_EINVAL);
	check("get of vcpu 1",
	      affinity(&peer, XEN_DOMCTL_getvcpuaffinity, 1, 0, XEN_VCPUAFFINITY_HARD),
	      -XEN_EINVAL);
	check("destroy", peer_destroy(&peer), 0);
}
