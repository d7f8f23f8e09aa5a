/* SPDX-License-Identifier: MIT */
/* Rule: a pointer that is not canonical, not the guest's, or not mapped answers -EFAULT. */
#include "../kit/kit.h"

static void try_all(const char *kind, ulong p)
{
	char text[64];
	const struct {
		const char *name;
		long got;
	} calls[] = {
		{ "xen_version extraversion", hypercall(xen_version, XENVER_extraversion, p) },
		{ "xen_version get_features", hypercall(xen_version, XENVER_get_features, p) },
		{ "memory_op reservation", hypercall(memory_op, XENMEM_current_reservation, p) },
		{ "event_channel_op alloc",
		  hypercall(event_channel_op, EVTCHNOP_alloc_unbound, p) },
		{ "event_channel_op send", hypercall(event_channel_op, EVTCHNOP_send, p) },
		{ "sched_op shutdown", hypercall(sched_op, SCHEDOP_shutdown, p) },
		{ "sched_op poll", hypercall(sched_op, SCHEDOP_poll, p) },
		{ "vcpu_op runstate", hypercall(vcpu_op, VCPUOP_get_runstate_info, 0, p) },
		{ "mmu_update", hypercall(mmu_update, p, 1, 0, DOMID_SELF) },
		{ "mmuext_op", hypercall(mmuext_op, p, 1, 0, DOMID_SELF) },
		{ "multicall", hypercall(multicall, p, 1) },
		{ "console_io write", hypercall(console_io, CONSOLEIO_write, 1, p) },
		{ "physdev_op set_iopl", hypercall(physdev_op, PHYSDEVOP_set_iopl, p) },
		{ "callback_op register", hypercall(callback_op, CALLBACKOP_register, p) },
		{ "set_trap_table", hypercall(set_trap_table, p) },
		{ "set_gdt", hypercall(set_gdt, p, 512) },
		{ "domctl", hypercall(domctl, p) },
		{ "sysctl", hypercall(sysctl, p) },
		{ "grant_table_op query_size",
		  hypercall(grant_table_op, GNTTABOP_query_size, p, 1) },
		{ "grant_table_op copy", hypercall(grant_table_op, GNTTABOP_copy, p, 1) },
		{ "grant_table_op map", hypercall(grant_table_op, GNTTABOP_map_grant_ref, p, 1) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		str_format(text, sizeof(text), "%s, %s", calls[i].name, kind);
		check(text, calls[i].got, -XEN_EFAULT);
	}
}

TEST
{
	try_all("not canonical", VA_NONCANONICAL);
	try_all("the hypervisor's", VA_HYPERVISOR);
	try_all("the read-only M2P", MACH2PHYS_VIRT_END - PAGE_SIZE);
	try_all("not mapped", VA_UNMAPPED);
}
