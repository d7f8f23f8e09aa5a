/* SPDX-License-Identifier: MIT */
/*
 * Rule: what Xen offers to PV domains and Lamina does not is refused as an unknown operation.
 * differs: these are what Lamina does without; README.md tells why.
 */
#include "../kit/kit.h"

#define NOWHERE ((void *)VA_UNMAPPED)

static bool lamina;
static char name[96];

/* want: Xen's. */
static void refused(const char *what, long got, long want)
{
	check(what, got, lamina ? -XEN_ENOSYS : want);
}

static void hypercalls(void)
{
	refused("physdev_op_compat", hypercall_nr(19, NOWHERE), -XEN_EFAULT);
	refused("xenoprof_op", hypercall_nr(__HYPERVISOR_xenoprof_op, 99, NOWHERE), -XEN_EINVAL);
	refused("kexec_op", hypercall_nr(__HYPERVISOR_kexec_op, 0, NOWHERE), -XEN_EFAULT);
	refused("dm_op", hypercall_nr(__HYPERVISOR_dm_op, 0, 1, NOWHERE), -XEN_EFAULT);
	refused("hypfs_op", hypercall_nr(__HYPERVISOR_hypfs_op, 99, NOWHERE), -XEN_EINVAL);
	refused("arch_0, which is mca", hypercall_nr(__HYPERVISOR_arch_0, NOWHERE), -XEN_EFAULT);
}

static void memory(void)
{
	refused("set_pod_target", hypercall(memory_op, XENMEM_set_pod_target, NOWHERE),
		-XEN_EFAULT);
	refused("get_pod_target", hypercall(memory_op, XENMEM_get_pod_target, NOWHERE),
		-XEN_EFAULT);
	refused("access_op", hypercall(memory_op, XENMEM_access_op, NOWHERE), -XEN_EFAULT);
	refused("reserved_device_memory_map",
		hypercall(memory_op, XENMEM_reserved_device_memory_map, NOWHERE), -XEN_EFAULT);
}

static void physdev(void)
{
	refused("get_free_pirq", hypercall(physdev_op, PHYSDEVOP_get_free_pirq, NOWHERE),
		-XEN_EFAULT);
	refused("pci_mmcfg_reserved", hypercall(physdev_op, PHYSDEVOP_pci_mmcfg_reserved, NOWHERE),
		-XEN_EFAULT);
	refused("dbgp_op", hypercall(physdev_op, PHYSDEVOP_dbgp_op, NOWHERE), -XEN_EFAULT);
}

static void sysctls(void)
{
	static const struct {
		const char *name;
		unsigned int command;
		long want;
	} ops[] = {
#define OP(name, want) { "sysctl " #name, XEN_SYSCTL_##name, want }
		OP(get_pmstat, -XEN_ENODEV), OP(cpu_hotplug, -XEN_EEXIST),
		OP(page_offline_op, -XEN_EFAULT), OP(coverage_op, -XEN_EOPNOTSUPP),
		OP(psr_cmt_op, -XEN_ENODEV), OP(pcitopoinfo, -XEN_EINVAL),
		OP(psr_alloc, -XEN_ENODEV), OP(get_cpu_levelling_caps, 0),
		OP(get_cpu_featureset, 0), OP(livepatch_op, -XEN_EINVAL), OP(get_cpu_policy, 0),
#undef OP
	};

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		struct xen_sysctl op = { .cmd = ops[i].command,
					 .interface_version = XEN_SYSCTL_INTERFACE_VERSION };

		refused(ops[i].name, hypercall(sysctl, &op), ops[i].want);
	}
}

static void platform(void)
{
	static const struct {
		const char *name;
		unsigned int command;
		long want;
	} ops[] = {
#define OP(name, want) { "platform_op " #name, XENPF_##name, want }
		OP(add_memtype, -XEN_EINVAL), OP(del_memtype, 0), OP(read_memtype, 0),
		OP(microcode_update, -XEN_ENOENT), OP(platform_quirk, -XEN_EINVAL),
		OP(get_cpu_version, 0), OP(firmware_info, -XEN_EINVAL),
		OP(set_processor_pminfo, 0), OP(cpu_online, 0), OP(cpu_offline, -XEN_EOPNOTSUPP),
		OP(cpu_hotadd, -XEN_EEXIST), OP(mem_hotadd, -XEN_EINVAL),
		OP(core_parking, -XEN_EINVAL), OP(resource_op, 0), OP(get_symbol, 0),
#undef OP
	};

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		struct xen_platform_op op = { .cmd = ops[i].command,
					      .interface_version = XENPF_INTERFACE_VERSION };

		refused(ops[i].name, hypercall(platform_op, &op), ops[i].want);
	}
}

static void domctls(struct peer *peer)
{
	static const struct {
		const char *name;
		unsigned int command;
		long want;
	} ops[] = {
#define OP(name, want) { "domctl " #name, XEN_DOMCTL_##name, want }
		OP(setdebugging, 0), OP(gethvmcontext, -XEN_EINVAL),
		OP(sethvmcontext, -XEN_EINVAL), OP(assign_device, -XEN_EOPNOTSUPP),
		OP(bind_pt_irq, -XEN_EINVAL), OP(memory_mapping, -XEN_EINVAL),
		OP(ioport_mapping, -XEN_EOPNOTSUPP), OP(set_ext_vcpucontext, -XEN_EINVAL),
		OP(get_ext_vcpucontext, 0), OP(test_assign_device, -XEN_EOPNOTSUPP),
		OP(set_target, -XEN_EOPNOTSUPP), OP(deassign_device, -XEN_EOPNOTSUPP),
		OP(unbind_pt_irq, -XEN_EINVAL), OP(get_device_group, -XEN_EOPNOTSUPP),
		OP(debug_op, -XEN_EINVAL), OP(gethvmcontext_partial, -XEN_EINVAL),
		OP(setvcpuextstate, -XEN_EINVAL), OP(getvcpuextstate, 0),
		OP(set_access_required, 0), OP(set_broken_page_p2m, -XEN_EINVAL),
		OP(get_vcpu_msrs, 0), OP(set_vcpu_msrs, 0), OP(setvnumainfo, -XEN_EINVAL),
		OP(psr_cmt_op, -XEN_ENODEV), OP(monitor_op, -XEN_EOPNOTSUPP),
		OP(psr_alloc, -XEN_ENODEV), OP(soft_reset, -XEN_EINVAL),
		OP(get_cpu_policy, 0), OP(set_cpu_policy, 0), OP(vmtrace_op, -XEN_EINVAL),
		OP(get_paging_mempool_size, -XEN_EOPNOTSUPP),
		OP(set_paging_mempool_size, -XEN_EOPNOTSUPP),
#undef OP
	};

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		struct xen_domctl op = { 0 };

		refused(ops[i].name, domctl(&op, ops[i].command, peer->id), ops[i].want);
	}
}

TEST
{
	static struct peer peer;

	check("extraversion", hypercall(xen_version, XENVER_extraversion, name), 0);
	lamina = strstr(name, "lamina");
	hypercalls();
	memory();
	/* Not unknown, but refused for every argument. */
	check("grant transfer", hypercall(grant_table_op, GNTTABOP_transfer, NOWHERE, 1),
	      lamina ? -XEN_EOPNOTSUPP : -XEN_EFAULT);
	check("grant cache_flush", hypercall(grant_table_op, GNTTABOP_cache_flush, NOWHERE, 1),
	      lamina ? -XEN_EOPNOTSUPP : -XEN_EFAULT);
	physdev();
	sysctls();
	platform();
	peer_create(&peer, 1);
	peer_build(&peer, events_off);
	domctls(&peer);
}
