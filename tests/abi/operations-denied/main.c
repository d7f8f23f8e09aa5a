/* SPDX-License-Identifier: MIT */
/* Rule: what governs the machine is dom0's: a guest that asks for it is told -EPERM. */
#include "../kit/kit.h"

static struct xen_sysctl sysctl;
static struct xen_platform_op platform;
static uint64_t zero[64];

static const struct {
	const char *name;
	unsigned int nr, command;
	long want;
} ops[] = {
#define SYSCTL(name)  { "sysctl " #name, __HYPERVISOR_sysctl, XEN_SYSCTL_##name, -XEN_EPERM }
#define PLATFORM(name) \
	{ "platform_op " #name, __HYPERVISOR_platform_op, XENPF_##name, -XEN_EPERM }
#define PHYSDEV(name) { "physdev_op " #name, __HYPERVISOR_physdev_op, PHYSDEVOP_##name, -XEN_EPERM }
	SYSCTL(readconsole), SYSCTL(physinfo), SYSCTL(sched_id), SYSCTL(getdomaininfolist),
	SYSCTL(getcpuinfo), SYSCTL(cputopoinfo), SYSCTL(numainfo), SYSCTL(availheap),
	SYSCTL(debug_keys), SYSCTL(cpupool_op), SYSCTL(scheduler_op), SYSCTL(tbuf_op),
	SYSCTL(perfc_op), SYSCTL(lockprof_op), PLATFORM(settime32), PLATFORM(settime64),
	PLATFORM(get_cpuinfo), PLATFORM(getidletime), PHYSDEV(apic_read), PHYSDEV(apic_write),
	PHYSDEV(alloc_irq_vector), PHYSDEV(setup_gsi), PHYSDEV(pci_device_add),
	PHYSDEV(pci_device_remove), PHYSDEV(manage_pci_add), PHYSDEV(manage_pci_remove),
	PHYSDEV(manage_pci_add_ext),
	{ "memory_op machine_memory_map", __HYPERVISOR_memory_op, XENMEM_machine_memory_map,
	  -XEN_EPERM },
	{ "memory_op claim_pages", __HYPERVISOR_memory_op, XENMEM_claim_pages, -XEN_EPERM },
	{ "memory_op set_memory_map", __HYPERVISOR_memory_op, XENMEM_set_memory_map, -XEN_EPERM },
	{ "memory_op current_reservation", __HYPERVISOR_memory_op, XENMEM_current_reservation,
	  -XEN_EPERM },
	{ "memory_op maximum_reservation", __HYPERVISOR_memory_op, XENMEM_maximum_reservation,
	  -XEN_EPERM },
	{ "memory_op maximum_gpfn", __HYPERVISOR_memory_op, XENMEM_maximum_gpfn, -XEN_EPERM },
	{ "memory_op acquire_resource", __HYPERVISOR_memory_op, XENMEM_acquire_resource,
	  -XEN_EPERM },
	{ "memory_op add_to_physmap", __HYPERVISOR_memory_op, XENMEM_add_to_physmap, -XEN_EACCES },
	{ "memory_op remove_from_physmap", __HYPERVISOR_memory_op, XENMEM_remove_from_physmap,
	  -XEN_EACCES },
	{ "memory_op get_vnumainfo", __HYPERVISOR_memory_op, XENMEM_get_vnumainfo, -XEN_EPERM },
	{ "memory_op machphys_mfn_list", __HYPERVISOR_memory_op, XENMEM_machphys_mfn_list, 0 },
	{ "sched_op remote_shutdown", __HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, -XEN_EPERM },
	{ "sched_op pin_override", __HYPERVISOR_sched_op, SCHEDOP_pin_override, -XEN_EPERM },
	{ "xen_version build_id", __HYPERVISOR_xen_version, XENVER_build_id, -XEN_EPERM },
	{ "console_io write", __HYPERVISOR_console_io, CONSOLEIO_write, -XEN_EPERM },
	{ "console_io read", __HYPERVISOR_console_io, CONSOLEIO_read, -XEN_EPERM },
};

static void peer_tries(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		void *arg = memset(zero, 0, sizeof(zero));

		if (ops[i].nr == __HYPERVISOR_sysctl) {
			sysctl.cmd = ops[i].command;
			sysctl.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
			box.value[i] = hypercall(sysctl, &sysctl);
		} else if (ops[i].nr == __HYPERVISOR_platform_op) {
			platform.cmd = ops[i].command;
			platform.interface_version = XENPF_INTERFACE_VERSION;
			box.value[i] = hypercall(platform_op, &platform);
		} else if (ops[i].nr == __HYPERVISOR_console_io) {
			box.value[i] = hypercall(console_io, ops[i].command, 4, arg);
		} else {
			box.value[i] = hypercall_nr(ops[i].nr, ops[i].command, arg);
		}
	}
}

TEST
{
	static struct peer peer;

	peer_start(&peer, 1, peer_tries);
	check("a peer ends", peer_wait(&peer, 10000), SHUTDOWN_poweroff);
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		check(ops[i].name, peer.box->value[i], ops[i].want);
}
