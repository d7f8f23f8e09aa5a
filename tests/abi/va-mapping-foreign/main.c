/* SPDX-License-Identifier: MIT */
/* Rule: update_va_mapping_otherdomain maps a frame of the domain that it names, for who may. */
#include "../kit/kit.h"

static void peer_tries(void)
{
	char *page = page_alloc();

	box.value[0] = va_map_foreign(page, 0, DOMID_IO);
	box.value[1] = va_map_foreign(page, 0, 0);
	box.value[2] = va_map_foreign(page, 0, DOMID_XEN);
	box.value[3] = va_map_foreign(page, mfn_of(page) * PAGE_SIZE | PTE_RO, DOMID_SELF);
	box.value[4] = va_map_foreign(page, 0xb8UL * PAGE_SIZE | PTE_RO, DOMID_IO);
	box.value[5] = va_map(page, 0xb8UL * PAGE_SIZE | PTE_RO);
}

TEST
{
	char *page = page_alloc();
	volatile char *box_page;
	static struct peer peer;

	check("an own frame, as DOMID_SELF",
	      va_map_foreign(page, mfn_of(page) * PAGE_SIZE | PTE_KERN, DOMID_SELF), 0);
	check("VGA memory, as DOMID_IO",
	      va_map_foreign(page, 0xb8UL * PAGE_SIZE | PTE_RO, DOMID_IO), 0);
	check("VGA memory, as DOMID_SELF", va_map(page, 0xb8UL * PAGE_SIZE | PTE_RO), 0);
	check("of nobody", va_map_foreign(page, 0, 1000), -XEN_ESRCH);
	check("of DOMID_INVALID", va_map_foreign(page, 0, DOMID_INVALID), -XEN_ESRCH);

	peer_create(&peer, 1);
	peer_build(&peer, peer_tries);
	box_page = (char *)peer.box;
	box_page[4000] = 'x';
	check("the same frame of a peer, twice",
	      va_map_foreign(page, *pte_of(peer.box, 1) & ~PTE_RW, peer.id), 0);
	check("what is there", page[4000], 'x');
	check("a frame of the peer, as DOMID_IO",
	      va_map_foreign(page, peer.p2m[0] * PAGE_SIZE | PTE_RO, DOMID_IO), -XEN_EBUSY);
	va_map(page, 0);
	peer_unpause(&peer);
	check("the peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("it names DOMID_IO", peer.box->value[0], -XEN_EPERM);
	check("it names dom0", peer.box->value[1], -XEN_EPERM);
	check("it names DOMID_XEN", peer.box->value[2], -XEN_EPERM);
	check("it names itself", peer.box->value[3], 0);
	check("it maps VGA memory, as DOMID_IO", peer.box->value[4], -XEN_EPERM);
	check("it maps VGA memory", peer.box->value[5], -XEN_EPERM);
}
