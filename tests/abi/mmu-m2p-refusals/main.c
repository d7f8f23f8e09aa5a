/* SPDX-License-Identifier: MIT */
/*
 * Rule: the M2P entry of a frame is changed by its owner; an update that keeps accessed and dirty
 * bits, or that is of another domain's memory, is checked as any other.
 */
#include "../kit/kit.h"

static void peer_tries(void)
{
	ulong foreign = (ulong)box.value[100], own = mfn_of(&box);

	box.value[0] = mmu_update(foreign * PAGE_SIZE | MMU_MACHPHYS_UPDATE, 5);
	box.value[1] = mmu_update(own * PAGE_SIZE | MMU_MACHPHYS_UPDATE, 5);
	box.value[2] = (long)machine_to_phys_mapping[own];
	box.value[3] = mmu_update_for(foreign * PAGE_SIZE | MMU_MACHPHYS_UPDATE, 5, 0);
	box.value[4] = mmu_update_for(pte_address(&box, 1), own * PAGE_SIZE | PTE_KERN, 0);
	box.value[5] = va_map_foreign(&box, own * PAGE_SIZE | PTE_KERN, 0);
	box.value[6] = va_map_foreign(&box, own * PAGE_SIZE | PTE_KERN, 999);
}

TEST
{
	static struct peer peer;
	char *page = page_alloc();
	ulong mfn = mfn_of(page), pfn = machine_to_phys_mapping[mfn];

	peer_create(&peer, 1);
	peer_build(&peer, peer_tries);
	peer.box->value[100] = (long)mfn;
	peer_unpause(&peer);
	check("a peer ends", peer_wait(&peer, 10000), SHUTDOWN_poweroff);
	check("the M2P entry of dom0's frame, by a guest", peer.box->value[0], -XEN_EINVAL);
	check("of its own", peer.box->value[1], 0);
	check("is what it wrote", peer.box->value[2], 5);
	check("of dom0's, for dom0", peer.box->value[3], -XEN_EPERM);
	check("an entry that maps dom0's memory", peer.box->value[4], -XEN_EPERM);
	check("update_va_mapping_otherdomain of dom0's", peer.box->value[5], -XEN_EPERM);
	check("of a domain that is not there", peer.box->value[6], -XEN_ESRCH);
	check_same("dom0's entry is as it was", (long)machine_to_phys_mapping[mfn], (long)pfn);
	check("of a frame of no memory",
	      mmu_update(MFN_ABSENT * PAGE_SIZE | MMU_MACHPHYS_UPDATE, 5), -XEN_EINVAL);
	check("for a domain that is not there",
	      mmu_update_for(mfn * PAGE_SIZE | MMU_MACHPHYS_UPDATE, 5, 999), -XEN_ESRCH);
	check("keeping bits, of a frame of no memory",
	      mmu_update(MFN_ABSENT * PAGE_SIZE | MMU_PT_UPDATE_PRESERVE_AD, 0), -XEN_EINVAL);
	check("keeping bits, to a frame of no memory",
	      mmu_update(pte_address(page, 1) | MMU_PT_UPDATE_PRESERVE_AD,
			 MFN_ABSENT * PAGE_SIZE | PTE_KERN),
	      -XEN_EPERM);
	check("untranslated, to one",
	      mmu_update(pte_address(page, 1) | MMU_PT_UPDATE_NO_TRANSLATE,
			 MFN_ABSENT * PAGE_SIZE | PTE_KERN),
	      -XEN_EPERM);
	check("update_va_mapping_otherdomain of none", va_map_foreign(page, PTE_KERN, 999),
	      -XEN_ESRCH);
	check("at the hypervisor's address",
	      va_map_foreign((void *)VA_HYPERVISOR, mfn * PAGE_SIZE | PTE_KERN, DOMID_SELF),
	      -XEN_EINVAL);
}
