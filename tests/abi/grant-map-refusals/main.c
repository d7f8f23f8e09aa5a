/* SPDX-License-Identifier: MIT */
/* Rule: a map with anything wrong has its own status, and nothing is mapped or marked. */
/* as: dom0, domU */
#include "../kit/kit.h"

TEST
{
	domid_t me = own_domid();
	char *given = page_alloc(), *at = page_alloc();
	grant_handle_t handle;
	ulong va = (ulong)at;
	struct gnttab_map_grant_ref batch[3];

	grant_init();
	at[0] = 'o';
	grant_give(9, me, given, 0);
	check_status("a domain that is not there", grant_map(1000, 9, va, GNTMAP_host_map, &handle),
		     GNTST_bad_domain);
	check_status("an entry that is not in use", grant_map(me, 11, va, GNTMAP_host_map, &handle),
		     GNTST_general_error);
	check_status("a reference behind the table",
		     grant_map(me, 1 << 20, va, GNTMAP_host_map, &handle), GNTST_bad_gntref);
	check_status("reference -1", grant_map(me, ~0U, va, GNTMAP_host_map, &handle),
		     GNTST_bad_gntref);
	check_status("neither host nor device", grant_map(me, 9, va, 0, &handle), GNTST_bad_gntref);
	grant_give(12, 55, given, 0);
	check_status("an entry for another domain", grant_map(me, 12, va, GNTMAP_host_map, &handle),
		     GNTST_general_error);
	grant_give(13, me, given, 0);
	grant_table[13].frame = MFN_ABSENT;
	check_status("an entry of a frame that is not there",
		     grant_map(me, 13, va, GNTMAP_host_map, &handle), GNTST_bad_page);
	grant_give(14, me, (void *)start_info->pt_base, 0);
	check_status("a page table, writable", grant_map(me, 14, va, GNTMAP_host_map, &handle),
		     GNTST_general_error);
	check_status("an address without tables",
		     grant_map(me, 9, VA_UNMAPPED, GNTMAP_host_map, &handle), GNTST_general_error);
	check_status("an address of the hypervisor's",
		     grant_map(me, 9, VA_HYPERVISOR, GNTMAP_host_map, &handle),
		     GNTST_general_error);
	check_status("one that is not canonical",
		     grant_map(me, 9, VA_NONCANONICAL, GNTMAP_host_map, &handle),
		     GNTST_general_error);
	check_status("a page table entry in a page that is no table",
		     grant_map(me, 9, mfn_of(given) * PAGE_SIZE,
			       GNTMAP_host_map | GNTMAP_contains_pte, &handle),
		     GNTST_general_error);
	check("marks in the entry", grant_table[9].flags & (GTF_reading | GTF_writing), 0);
	check("what is at the address", at[0], 'o');

	for (unsigned int i = 0; i < 3; i++)
		batch[i] = (struct gnttab_map_grant_ref){ .host_addr = va,
							  .dom = me,
							  .flags = GNTMAP_host_map,
							  .ref = i == 1 ? 11 : 9,
							  .status = 77 };
	check("three at once, the second bad",
	      hypercall(grant_table_op, GNTTABOP_map_grant_ref, batch, 3), 0);
	check_status("the first's status", batch[0].status, GNTST_okay);
	check_status("the second's", batch[1].status, GNTST_general_error);
	check_status("the third's", batch[2].status, GNTST_okay);
	check("of none", hypercall(grant_table_op, GNTTABOP_map_grant_ref, batch, 0), 0);
	check("2^31 at once", hypercall(grant_table_op, GNTTABOP_map_grant_ref, batch, 1U << 31),
	      -XEN_EINVAL);
	check("sub-op 99", hypercall(grant_table_op, 99, batch, 1), -XEN_ENOSYS);
}
