/* SPDX-License-Identifier: MIT */
/* Rule: no operation takes an argument from an address that is not the guest's, or not there. */
#include "../kit/kit.h"

#define OP(hypercall, prefix, name) { #hypercall " " #name, __HYPERVISOR_##hypercall, prefix##name }
#define EVENT(name)                 OP(event_channel_op, EVTCHNOP_, name)
#define MEMORY(name)                OP(memory_op, XENMEM_, name)
#define VERSION(name)               OP(xen_version, XENVER_, name)
#define PHYSDEV(name)               OP(physdev_op, PHYSDEVOP_, name)
#define GRANT(name)                 OP(grant_table_op, GNTTABOP_, name)
#define VCPU(name)                  OP(vcpu_op, VCPUOP_, name)
#define SCHED(name)                 OP(sched_op, SCHEDOP_, name)

static const struct {
	const char *name;
	unsigned int nr, command;
} ops[] = {
	EVENT(bind_interdomain), EVENT(bind_virq), EVENT(bind_pirq), EVENT(close), EVENT(send),
	EVENT(status), EVENT(alloc_unbound), EVENT(bind_ipi), EVENT(bind_vcpu), EVENT(unmask),
	EVENT(reset), EVENT(init_control), EVENT(expand_array), EVENT(set_priority),
	MEMORY(current_reservation), MEMORY(maximum_reservation), MEMORY(maximum_gpfn),
	MEMORY(machphys_mfn_list), MEMORY(add_to_physmap), MEMORY(memory_map),
	MEMORY(machine_memory_map), MEMORY(exchange), MEMORY(machphys_mapping),
	MEMORY(set_memory_map), MEMORY(remove_from_physmap), MEMORY(add_to_physmap_batch),
	MEMORY(claim_pages), MEMORY(acquire_resource), MEMORY(get_vnumainfo),
	VERSION(extraversion), VERSION(compile_info), VERSION(capabilities), VERSION(changeset),
	VERSION(platform_parameters), VERSION(get_features), VERSION(guest_handle),
	VERSION(commandline), VERSION(build_id),
	PHYSDEV(eoi), PHYSDEV(irq_status_query), PHYSDEV(map_pirq), PHYSDEV(unmap_pirq),
	PHYSDEV(apic_read), PHYSDEV(apic_write), PHYSDEV(alloc_irq_vector), PHYSDEV(set_iopl),
	PHYSDEV(set_iobitmap), PHYSDEV(setup_gsi), PHYSDEV(pci_device_add),
	PHYSDEV(pci_device_remove), PHYSDEV(manage_pci_add), PHYSDEV(manage_pci_remove),
	PHYSDEV(manage_pci_add_ext), PHYSDEV(pirq_eoi_gmfn_v1), PHYSDEV(pirq_eoi_gmfn_v2),
	GRANT(map_grant_ref), GRANT(unmap_grant_ref), GRANT(setup_table), GRANT(copy),
	GRANT(query_size), GRANT(unmap_and_replace), GRANT(set_version), GRANT(get_status_frames),
	GRANT(get_version), GRANT(swap_grant_ref),
	VCPU(get_runstate_info), VCPU(register_runstate_memory_area), VCPU(set_periodic_timer),
	VCPU(set_singleshot_timer), VCPU(register_vcpu_info),
	VCPU(register_vcpu_time_memory_area),
	SCHED(shutdown), SCHED(poll), SCHED(remote_shutdown), SCHED(shutdown_code),
	SCHED(watchdog), SCHED(pin_override),
	OP(callback_op, CALLBACKOP_, register), OP(callback_op, CALLBACKOP_, unregister),
	{ "set_trap_table", __HYPERVISOR_set_trap_table, 0 },
	{ "platform_op", __HYPERVISOR_platform_op, 0 },
	{ "domctl", __HYPERVISOR_domctl, 0 },
	{ "sysctl", __HYPERVISOR_sysctl, 0 },
	{ "event_channel_op_compat", __HYPERVISOR_event_channel_op_compat, 0 },
};

static long try(unsigned int nr, unsigned int command, ulong p)
{
	switch (nr) {
	case __HYPERVISOR_vcpu_op:
		return hypercall_nr(nr, command, 0, p);
	case __HYPERVISOR_grant_table_op:
		return hypercall_nr(nr, command, p, 1);
	case __HYPERVISOR_set_trap_table:
	case __HYPERVISOR_platform_op:
	case __HYPERVISOR_domctl:
	case __HYPERVISOR_sysctl:
	case __HYPERVISOR_event_channel_op_compat:
		return hypercall_nr(nr, p);
	default:
		return hypercall_nr(nr, command, p);
	}
}

TEST
{
	static const ulong bad[] = { VA_UNMAPPED, VA_NONCANONICAL, VA_HYPERVISOR,
				     0xffffffffffffffffUL };
	char text[96];

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		long got = try(ops[i].nr, ops[i].command, bad[0]);

		check(ops[i].name, got, -XEN_EFAULT);
		for (size_t j = 1; j < ARRAY_SIZE(bad); j++) {
			long other = try(ops[i].nr, ops[i].command, bad[j]);

			if (other == got)
				continue;
			str_format(text, sizeof(text), "%s at %#lx", ops[i].name, bad[j]);
			check(text, other, got);
		}
	}
}
