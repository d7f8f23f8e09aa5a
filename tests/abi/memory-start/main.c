/* SPDX-License-Identifier: MIT */
/*
 * Rule: memory_op's upper bits say where an interrupted operation goes on; an operation that is
 * never interrupted refuses them, by its own word or as an unknown one.
 * as: dom0, domU
 */
#include "../kit/kit.h"

static char name[64];

static void from_one(const char *what, unsigned int op, long want)
{
	static uint64_t argument[16];

	memset(argument, 0, sizeof(argument));
	str_format(name, sizeof(name), "%s from 1", what);
	check(name, hypercall(memory_op, op | 1 << 6, argument), want);
}

TEST
{
	struct xen_memory_reservation r = { .nr_extents = 3, .domid = DOMID_SELF };
	xen_pfn_t list[3] = { MFN_ABSENT, MFN_ABSENT, MFN_ABSENT };
	domid_t self = DOMID_SELF;

	check_that("maximum_gpfn", hypercall(memory_op, XENMEM_maximum_gpfn, &self) >= 0);
	from_one("maximum_gpfn", XENMEM_maximum_gpfn, -XEN_EINVAL);
	from_one("maximum_ram_page", XENMEM_maximum_ram_page, -XEN_EINVAL);
	from_one("current_reservation", XENMEM_current_reservation, -XEN_EINVAL);
	from_one("maximum_reservation", XENMEM_maximum_reservation, -XEN_EINVAL);
	from_one("exchange", XENMEM_exchange, -XEN_EINVAL);
	from_one("claim_pages", XENMEM_claim_pages, -XEN_EINVAL);
	from_one("remove_from_physmap", XENMEM_remove_from_physmap, -XEN_EINVAL);
	from_one("get_vnumainfo", XENMEM_get_vnumainfo, -XEN_EINVAL);
	from_one("machphys_mapping", XENMEM_machphys_mapping, -XEN_ENOSYS);
	from_one("machphys_mfn_list", XENMEM_machphys_mfn_list, -XEN_ENOSYS);
	from_one("memory_map", XENMEM_memory_map, -XEN_ENOSYS);
	from_one("machine_memory_map", XENMEM_machine_memory_map, -XEN_ENOSYS);
	from_one("set_memory_map", XENMEM_set_memory_map, -XEN_ENOSYS);
	from_one("get_sharing_freed_pages", XENMEM_get_sharing_freed_pages, -XEN_ENOSYS);
	from_one("sub-op 35", 35, -XEN_ENOSYS);

	set_xen_guest_handle(r.extent_start, list);
	check("decrease of no frames of ours, from 0",
	      hypercall(memory_op, XENMEM_decrease_reservation, &r), 0);
	check("from 2: 2 were done before",
	      hypercall(memory_op, XENMEM_decrease_reservation | 2 << 6, &r), 2);
	check("from 3, where it ends",
	      hypercall(memory_op, XENMEM_decrease_reservation | 3 << 6, &r), 3);
	check("from 4, behind the end",
	      hypercall(memory_op, XENMEM_decrease_reservation | 4 << 6, &r), 4);
}
