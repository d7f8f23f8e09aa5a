/* SPDX-License-Identifier: MIT */
/* Rule: a frame of another domain is mapped only by a privileged one that names its owner. */
#include "../kit/kit.h"

static void peer_tries(void)
{
	char *page = page_alloc();
	uint64_t entry = box.value[9] * PAGE_SIZE | PTE_KERN;

	box.value[0] = va_map(page, entry);
	box.value[1] = va_map_foreign(page, entry, 0);
	box.value[2] = mmu_update(pte_address(page, 1), entry);
	box.value[3] = mmu_update_for(pte_address(page, 1), entry, 0);
	box.value[4] = va_map(page, box.value[8] * PAGE_SIZE | PTE_RO);
	box.value[5] = va_map(page, 0);
}

TEST
{
	char *page = page_alloc(), *own = page_alloc();
	uint64_t entry;
	static struct peer peer;

	peer_create(&peer, 1);
	peer_build(&peer, peer_tries);
	entry = peer.p2m[1] * PAGE_SIZE | PTE_KERN;
	peer.box->value[9] = mfn_of(own);
	peer.box->value[8] = mfn_of((void *)start_info->pt_base);
	check("mapping a peer's frame in our own name", va_map(page, entry), -XEN_EBUSY);
	check("in the name of a domain that is not there", va_map_foreign(page, entry, 1000),
	      -XEN_ESRCH);
	check("in the peer's", va_map_foreign(page, entry, peer.id), 0);
	check("what is there", memcmp(page, image_start + PAGE_SIZE, PAGE_SIZE), 0);
	check("by mmu_update in ours", mmu_update(pte_address(page, 1), entry), 0);
	check("to another frame of it", mmu_update(pte_address(page, 1), entry + PAGE_SIZE),
	      -XEN_EBUSY);
	check("by mmu_update in its",
	      mmu_update_for(pte_address(page, 1), entry & ~PTE_RW, peer.id), 0);
	check("its L4, writable",
	      va_map_foreign(page, peer.p2m[peer.nr_pages - 4] * PAGE_SIZE | PTE_KERN, peer.id),
	      -XEN_EBUSY);
	check("our own frame in the peer's name",
	      va_map_foreign(page, mfn_of(own) * PAGE_SIZE | PTE_KERN, peer.id), -XEN_EBUSY);
	check("a table of ours with a frame of it",
	      (va_map(page, 0),
	       mmu_update(pte_address(image_start, 2), peer.p2m[1] * PAGE_SIZE | PTE_KERN)),
	      -XEN_EINVAL);

	peer_unpause(&peer);
	check("the peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("it maps ours in its own name", peer.box->value[0], -XEN_EBUSY);
	check("in the name of dom0", peer.box->value[1], -XEN_EPERM);
	check("by mmu_update", peer.box->value[2], -XEN_EBUSY);
	check("by mmu_update in the name of dom0", peer.box->value[3], -XEN_EPERM);
	check("our L4, read-only", peer.box->value[4], -XEN_EBUSY);
	check("nothing", peer.box->value[5], 0);
}
