/* SPDX-License-Identifier: MIT */
/* Rule: a list that an argument points to has to be the guest's and there, if anything is in it. */
#include "../kit/kit.h"

static char name[96];

/* Each operation, with its list at an address; n: how many entries there should be. */
static long mfn_list(void *at, unsigned int n)
{
	struct xen_machphys_mfn_list op = { .max_extents = n };

	set_xen_guest_handle(op.extent_start, at);
	return hypercall(memory_op, XENMEM_machphys_mfn_list, &op);
}

static long machine_map(void *at, unsigned int n)
{
	struct xen_memory_map op = { .nr_entries = n };

	set_xen_guest_handle(op.buffer, at);
	return hypercall(memory_op, XENMEM_machine_memory_map, &op);
}

static long set_map(void *at, unsigned int n)
{
	struct xen_foreign_memory_map op = { .domid = DOMID_SELF, .map.nr_entries = n };

	set_xen_guest_handle(op.map.buffer, at);
	return hypercall(memory_op, XENMEM_set_memory_map, &op);
}

static long own_map(void *at, unsigned int n)
{
	struct xen_memory_map op = { .nr_entries = n };

	set_xen_guest_handle(op.buffer, at);
	return hypercall(memory_op, XENMEM_memory_map, &op);
}

static long poll(void *at, unsigned int n)
{
	struct sched_poll op = { .nr_ports = n, .timeout = 1 };

	set_xen_guest_handle(op.ports, at);
	return hypercall(sched_op, SCHEDOP_poll, &op);
}

static struct peer peer;

static long resource(void *at, unsigned int n)
{
	struct xen_mem_acquire_resource op = { .domid = peer.id,
					       .type = XENMEM_resource_grant_table,
					       .nr_frames = n };

	set_xen_guest_handle(op.frame_list, at);
	return hypercall(memory_op, XENMEM_acquire_resource, &op);
}

static long context(unsigned int cmd, void *at)
{
	struct xen_domctl op = { 0 };

	set_xen_guest_handle(op.u.vcpucontext.ctxt, at);
	return domctl(&op, cmd, peer.id);
}

static long get_context(void *at, unsigned int n UNUSED)
{
	return context(XEN_DOMCTL_getvcpucontext, at);
}

static long set_context(void *at, unsigned int n UNUSED)
{
	return context(XEN_DOMCTL_setvcpucontext, at);
}

static void try(const char *what, long (*op)(void *, unsigned int), unsigned int n)
{
	static const ulong bad[] = { VA_UNMAPPED, VA_HYPERVISOR, VA_NONCANONICAL };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		str_format(name, sizeof(name), "%s at %#lx", what, bad[i]);
		check(name, op((void *)bad[i], n), -XEN_EFAULT);
	}
}

TEST
{
	static char list[sizeof(struct vcpu_guest_context)] ALIGNED(PAGE_SIZE);

	peer_create(&peer, 1);
	peer_build(&peer, events_off);
	check("machphys_mfn_list", mfn_list(list, 1), 0);
	try("machphys_mfn_list", mfn_list, 1);
	check("machine_memory_map", machine_map(list, 128), 0);
	try("machine_memory_map", machine_map, 128);
	check("set_memory_map", set_map(list, 2), 0);
	try("set_memory_map", set_map, 2);
	check("of nothing, from nowhere", set_map((void *)VA_UNMAPPED, 0), 0);
	check("of two again", set_map(list, 2), 0);
	check("memory_map", own_map(list, 2), 0);
	try("memory_map", own_map, 2);
	check("of nothing, to nowhere", own_map((void *)VA_UNMAPPED, 0), 0);
	try("poll", poll, 1);
	check("of no ports", poll((void *)VA_UNMAPPED, 0), 0);
	check("acquire_resource", resource(list, 1), 0);
	try("acquire_resource", resource, 1);
	check("getvcpucontext", get_context(list, 1), 0);
	try("getvcpucontext", get_context, 1);
	try("setvcpucontext", set_context, 1);
}
