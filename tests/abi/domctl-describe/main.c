/* SPDX-License-Identifier: MIT */
/* Rule: what a toolstack asks and sets about a domain before it runs is kept and told. */
#include "../kit/kit.h"

static struct xen_domctl op;

static long call(struct peer *peer, unsigned int cmd)
{
	return domctl(&op, cmd, peer->id);
}

TEST
{
	static struct peer peer;
	static uint64_t types[3];

	peer_create(&peer, 2);
	memset(&op, 0, sizeof(op));
	for (unsigned int i = 0; i < 16; i++)
		op.u.setdomainhandle.handle[i] = i + 1;
	check("setdomainhandle", call(&peer, XEN_DOMCTL_setdomainhandle), 0);
	check("getdomaininfo", call(&peer, XEN_DOMCTL_getdomaininfo), 0);
	check("its handle's bytes 0 and 15",
	      op.u.getdomaininfo.handle[0] << 8 | op.u.getdomaininfo.handle[15], 1 << 8 | 16);
	check("get_address_size", call(&peer, XEN_DOMCTL_get_address_size), 0);
	check("bits", op.u.address_size.size, 64);
	op.u.address_size.size = 64;
	check("set_address_size 64", call(&peer, XEN_DOMCTL_set_address_size), 0);
	op.u.address_size.size = 48;
	check("set_address_size 48", call(&peer, XEN_DOMCTL_set_address_size), -XEN_EINVAL);
	op.u.getvcpuinfo.vcpu = 1;
	check("getvcpuinfo of vcpu 1", call(&peer, XEN_DOMCTL_getvcpuinfo), 0);
	check("online", op.u.getvcpuinfo.online, 0);
	check("running", op.u.getvcpuinfo.running, 0);
	check("cpu time", op.u.getvcpuinfo.cpu_time, 0);
	op.u.getvcpuinfo.vcpu = 2;
	check("getvcpuinfo of vcpu 2", call(&peer, XEN_DOMCTL_getvcpuinfo), -XEN_EINVAL);
	op.u.settimeoffset.time_offset_seconds = 3600;
	check("settimeoffset", call(&peer, XEN_DOMCTL_settimeoffset), 0);
	op.u.max_vcpus.max = 2;
	check("max_vcpus, as created", call(&peer, XEN_DOMCTL_max_vcpus), 0);
	op.u.max_vcpus.max = 3;
	check("max_vcpus, another", call(&peer, XEN_DOMCTL_max_vcpus), -XEN_EINVAL);

	peer_build(&peer, NULL);
	types[0] = peer.p2m[0];
	types[1] = peer.p2m[peer.nr_pages - 4];
	types[2] = peer.p2m[peer.nr_pages - 1];
	op.u.getpageframeinfo3.num = 3;
	set_xen_guest_handle(op.u.getpageframeinfo3.array, types);
	check("getpageframeinfo3", call(&peer, XEN_DOMCTL_getpageframeinfo3), 0);
	check("a data page", types[0], 0);
	check("its L4, pinned", types[1], XEN_DOMCTL_PFINFO_L4TAB | XEN_DOMCTL_PFINFO_LPINTAB);
	check("its L1", types[2], XEN_DOMCTL_PFINFO_L1TAB);
	types[0] = MFN_ABSENT;
	op.u.getpageframeinfo3.num = 1;
	set_xen_guest_handle(op.u.getpageframeinfo3.array, types);
	check("of a frame that is not there", call(&peer, XEN_DOMCTL_getpageframeinfo3), 0);
	check("its kind", types[0], XEN_DOMCTL_PFINFO_XTAB);
	op.u.getpageframeinfo3.num = 1 << 20;
	check("of too many", call(&peer, XEN_DOMCTL_getpageframeinfo3), -XEN_E2BIG);
	check("destroy", peer_destroy(&peer), 0);
}
