/* SPDX-License-Identifier: MIT */
/*
 * Rule: affinity is of a vcpu that is there, in a map that is there, and to one processor at least.
 */
#include "../kit/kit.h"

static struct peer peer;

static long affinity(unsigned int cmd, unsigned int id, unsigned int flags, unsigned int bits,
		     void *map)
{
	struct xen_domctl op = { .u.vcpuaffinity = { .vcpu = id, .flags = flags } };

	op.u.vcpuaffinity.cpumap_hard.nr_bits = bits;
	set_xen_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, map);
	return domctl(&op, cmd, peer.id);
}

#define SET XEN_DOMCTL_setvcpuaffinity
#define GET XEN_DOMCTL_getvcpuaffinity

TEST
{
	uint8_t map[16] = { 1 };
	unsigned int hard = XEN_VCPUAFFINITY_HARD;

	peer_create(&peer, 1);
	check("set", affinity(SET, 0, hard, 8, map), 0);
	check("set of no kind", affinity(SET, 0, 0, 8, map), -XEN_EINVAL);
	check("set of an unknown kind, which is nothing to do", affinity(SET, 0, 1 << 7, 8, map),
	      0);
	check("set of vcpu 1", affinity(SET, 1, hard, 8, map), -XEN_EINVAL);
	check("set of vcpu 2^32 - 1", affinity(SET, ~0U, hard, 8, map), -XEN_EINVAL);
	check("set from nowhere", affinity(SET, 0, hard, 8, (void *)VA_UNMAPPED), -XEN_EFAULT);
	check("set from no bits", affinity(SET, 0, hard, 0, map), -XEN_EINVAL);
	map[0] = 0;
	check("set to none", affinity(SET, 0, hard, 128, map), -XEN_EINVAL);
	map[15] = 0x80;
	check("set to one that is not there", affinity(SET, 0, hard, 128, map), -XEN_EINVAL);
	memset(map, 0xff, sizeof(map));
	check("set to all that there may be", affinity(SET, 0, hard, 128, map), 0);
	check("get", affinity(GET, 0, hard, 128, map), 0);
	check("the first", map[0] & 1, 1);
	check("the last of them", map[15], 0);
	check("get of vcpu 1", affinity(GET, 1, hard, 8, map), -XEN_EINVAL);
	check("get of no kind", affinity(GET, 0, 0, 8, map), -XEN_EINVAL);
	check("get into nowhere", affinity(GET, 0, hard, 8, (void *)VA_UNMAPPED), -XEN_EFAULT);
	check("get into no bits", affinity(GET, 0, hard, 0, (void *)VA_UNMAPPED), 0);
}
