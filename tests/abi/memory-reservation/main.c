/* SPDX-License-Identifier: MIT */
/* Rule: memory_op's counters agree with what was given to the domain, and know who may ask. */
#include "../kit/kit.h"

static void peer_asks(void)
{
	domid_t self = DOMID_SELF, dom0 = 0;

	box.value[0] = hypercall(memory_op, XENMEM_current_reservation, &self);
	box.value[1] = hypercall(memory_op, XENMEM_maximum_reservation, &self);
	box.value[2] = hypercall(memory_op, XENMEM_current_reservation, &dom0);
	box.value[3] = hypercall(memory_op, XENMEM_maximum_gpfn, &self);
}

TEST
{
	domid_t self = DOMID_SELF, nobody = 1000, io = DOMID_IO;
	static struct peer peer;

	check("current_reservation", hypercall(memory_op, XENMEM_current_reservation, &self),
	      start_info->nr_pages);
	check_that("nr_pages is 64 MiB or, for what the hypervisor keeps, a little less",
		   start_info->nr_pages <= 16384 && start_info->nr_pages > 16000);
	check("of a domain that is not there",
	      hypercall(memory_op, XENMEM_current_reservation, &nobody), -XEN_ESRCH);
	check("of DOMID_IO", hypercall(memory_op, XENMEM_current_reservation, &io), -XEN_ESRCH);
	check("maximum_gpfn", hypercall(memory_op, XENMEM_maximum_gpfn, &self),
	      shared->arch.max_pfn);
	check_that("maximum_ram_page is that of 512 MiB",
		   hypercall(memory_op, XENMEM_maximum_ram_page) - 0x1ff00UL <= 0x100);

	peer_create(&peer, 1);
	check("current_reservation of an empty peer",
	      hypercall(memory_op, XENMEM_current_reservation, &peer.id), 0);
	check("its maximum_reservation", hypercall(memory_op, XENMEM_maximum_reservation, &peer.id),
	      PEER_PAGES);
	peer_build(&peer, peer_asks);
	check("its pages", hypercall(memory_op, XENMEM_current_reservation, &peer.id),
	      peer.nr_pages);
	peer_unpause(&peer);
	check("it ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("its own current_reservation", peer.box->value[0], peer.nr_pages);
	check("its own maximum_reservation", peer.box->value[1], PEER_PAGES);
	check("dom0's, asked by it", peer.box->value[2], -XEN_EPERM);
	check("its maximum_gpfn", peer.box->value[3], 0);
}
