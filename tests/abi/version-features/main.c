/* SPDX-License-Identifier: MIT */
/* Rule: get_features tells a PV64 dom0 what the page table rules are, in one submap. */
#include "../kit/kit.h"

static const struct {
	const char *name;
	unsigned int bit, dom0;
} features[] = {
	{ "writable_page_tables", XENFEAT_writable_page_tables, 0 },
	{ "writable_descriptor_tables", XENFEAT_writable_descriptor_tables, 0 },
	{ "auto_translated_physmap", XENFEAT_auto_translated_physmap, 0 },
	{ "supervisor_mode_kernel", XENFEAT_supervisor_mode_kernel, 0 },
	{ "pae_pgdir_above_4gb", XENFEAT_pae_pgdir_above_4gb, 0 },
	{ "mmu_pt_update_preserve_ad", XENFEAT_mmu_pt_update_preserve_ad, 1 },
	{ "highmem_assist", XENFEAT_highmem_assist, 1 },
	{ "gnttab_map_avail_bits", XENFEAT_gnttab_map_avail_bits, 1 },
	{ "hvm_callback_vector", XENFEAT_hvm_callback_vector, 0 },
	{ "hvm_safe_pvclock", XENFEAT_hvm_safe_pvclock, 0 },
	{ "hvm_pirqs", XENFEAT_hvm_pirqs, 0 },
	{ "dom0", XENFEAT_dom0, 1 },
	{ "memory_op_vnode_supported", XENFEAT_memory_op_vnode_supported, 1 },
	{ "ARM_SMCCC_supported", XENFEAT_ARM_SMCCC_supported, 0 },
	{ "linux_rsdp_unrestricted", XENFEAT_linux_rsdp_unrestricted, 0 },
	{ "not_direct_mapped", XENFEAT_not_direct_mapped, 0 },
	{ "direct_mapped", XENFEAT_direct_mapped, 1 },
};

static void peer_features(void)
{
	struct xen_feature_info info = { 0 };

	box.value[0] = hypercall(xen_version, XENVER_get_features, &info);
	box.value[1] = info.submap;
}

TEST
{
	struct xen_feature_info info = { .submap_idx = 0 };
	static struct peer peer;

	check("get_features 0", hypercall(xen_version, XENVER_get_features, &info), 0);
	for (size_t i = 0; i < ARRAY_SIZE(features); i++)
		check(features[i].name, info.submap >> features[i].bit & 1, features[i].dom0);
	info.submap_idx = 1;
	check("get_features 1", hypercall(xen_version, XENVER_get_features, &info), -XEN_EINVAL);
	info.submap_idx = ~0U;
	check("get_features 2^32 - 1", hypercall(xen_version, XENVER_get_features, &info),
	      -XEN_EINVAL);

	peer_start(&peer, 1, peer_features);
	check("a peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("its get_features", peer.box->value[0], 0);
	check("its dom0 bit", peer.box->value[1] >> XENFEAT_dom0 & 1, 0);
}
