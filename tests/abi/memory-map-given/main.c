/* SPDX-License-Identifier: MIT */
/* Rule: set_memory_map gives a domain the map that memory_map then shows it. */
#include "../kit/kit.h"

struct e820 {
	uint64_t addr, size;
	uint32_t type;
} __attribute__((packed));

static void peer_asks(void)
{
	static struct e820 map[4];
	struct xen_memory_map m = { .nr_entries = 4 };
	struct xen_foreign_memory_map set = { .domid = DOMID_SELF };

	set_xen_guest_handle(m.buffer, map);
	set_xen_guest_handle(set.map.buffer, map);
	box.value[0] = hypercall(memory_op, XENMEM_memory_map, &m);
	box.value[1] = m.nr_entries;
	box.value[2] = map[1].addr;
	box.value[3] = map[1].type;
	m.nr_entries = 1;
	box.value[4] = hypercall(memory_op, XENMEM_memory_map, &m);
	box.value[5] = m.nr_entries;
	box.value[6] = hypercall(memory_op, XENMEM_set_memory_map, &set);
}

TEST
{
	static struct peer peer;
	struct e820 map[2] = { { 0, 0x200000, 1 }, { 0x200000, 0x100000, 2 } };
	struct xen_foreign_memory_map set = { .map.nr_entries = 2 };

	peer_create(&peer, 1);
	peer_build(&peer, peer_asks);
	set.domid = peer.id;
	set_xen_guest_handle(set.map.buffer, map);
	check("set_memory_map", hypercall(memory_op, XENMEM_set_memory_map, &set), 0);
	set.map.nr_entries = 4096;
	check("of 4096 entries", hypercall(memory_op, XENMEM_set_memory_map, &set), -XEN_EINVAL);
	set.map.nr_entries = 2;
	set.domid = 1000;
	check("of a domain that is not there", hypercall(memory_op, XENMEM_set_memory_map, &set),
	      -XEN_ESRCH);
	peer_unpause(&peer);
	check("the peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("its memory_map", peer.box->value[0], 0);
	check("entries", peer.box->value[1], 2);
	check("the second's address", peer.box->value[2], 0x200000);
	check("the second's type", peer.box->value[3], 2);
	check("memory_map with room for one", peer.box->value[4], 0);
	check("entries", peer.box->value[5], 1);
	check("its own set_memory_map of none", peer.box->value[6], 0);
}
