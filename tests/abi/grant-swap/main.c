/* SPDX-License-Identifier: MIT */
/* Rule: swap_grant_ref exchanges two entries; what only version 2 has is refused in version 1. */
/* as: dom0, domU */
#include "../kit/kit.h"

TEST
{
	struct gnttab_swap_grant_ref swap = { .ref_a = 9, .ref_b = 10, .status = 77 };
	struct gnttab_get_status_frames frames = { .nr_frames = 1,
						   .dom = DOMID_SELF,
						   .status = 77 };
	struct gnttab_dump_table dump = { .dom = DOMID_SELF, .status = 77 };
	xen_pfn_t list[1];
	char *page = page_alloc();

	grant_init();
	grant_give(9, 0, page, 0);
	grant_table[10].frame = 0x77;
	check("swap of two entries", hypercall(grant_table_op, GNTTABOP_swap_grant_ref, &swap, 1),
	      0);
	check_status("status", swap.status, GNTST_okay);
	check_same("the second is the first", grant_table[10].frame, mfn_of(page));
	check("the first is the second", grant_table[9].frame, 0x77);
	set_xen_guest_handle(frames.frame_list, (uint64_t *)list);
	check("status frames of version 1",
	      hypercall(grant_table_op, GNTTABOP_get_status_frames, &frames, 1), 0);
	check_status("status", frames.status, GNTST_general_error);
	check("dump_table", hypercall(grant_table_op, GNTTABOP_dump_table, &dump, 1), -XEN_ENOSYS);
}
