/* SPDX-License-Identifier: MIT */
/* Rule: MMU_MACHPHYS_UPDATE sets the M2P entry of a frame of one's own, and of no other. */
#include "../kit/kit.h"

static void peer_tries(void)
{
	ulong mfn = mfn_of(page_alloc());

	box.value[0] = mmu_update(mfn * PAGE_SIZE | MMU_MACHPHYS_UPDATE, 0x777);
	box.value[1] = machine_to_phys_mapping[mfn];
	box.value[2] = mmu_update(box.value[9] * PAGE_SIZE | MMU_MACHPHYS_UPDATE, 0x777);
}

TEST
{
	char *page = page_alloc();
	ulong mfn = mfn_of(page), pfn = machine_to_phys_mapping[mfn];
	static struct peer peer;

	check("the entry before", pfn, (ulong)(page - image_start) / PAGE_SIZE);
	check("a new one", mmu_update(mfn * PAGE_SIZE | MMU_MACHPHYS_UPDATE, 0x123456), 0);
	check("the entry", machine_to_phys_mapping[mfn], 0x123456);
	check("the old one again", mmu_update(mfn * PAGE_SIZE | MMU_MACHPHYS_UPDATE, pfn), 0);
	check("the entry", machine_to_phys_mapping[mfn], pfn);
	check("for a frame that is not there",
	      mmu_update(MFN_ABSENT * PAGE_SIZE | MMU_MACHPHYS_UPDATE, 1), -XEN_EINVAL);
	check("for frame 0", mmu_update(0 | MMU_MACHPHYS_UPDATE, 1), -XEN_EINVAL);

	peer_create(&peer, 1);
	peer_build(&peer, peer_tries);
	peer.box->value[9] = mfn;
	check("for a peer's frame, in its name",
	      mmu_update_for(peer.p2m[0] * PAGE_SIZE | MMU_MACHPHYS_UPDATE, 0, peer.id), 0);
	check("for a peer's frame, in ours",
	      mmu_update(peer.p2m[0] * PAGE_SIZE | MMU_MACHPHYS_UPDATE, 0), -XEN_EINVAL);
	peer_unpause(&peer);
	check("the peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("its update of its own frame", peer.box->value[0], 0);
	check("its entry", peer.box->value[1], 0x777);
	check("its update of ours", peer.box->value[2], -XEN_EINVAL);
	check("our entry", machine_to_phys_mapping[mfn], pfn);
}
