/* SPDX-License-Identifier: MIT */
/* Rule: unmap wants the handle of a live mapping and its own address, once. */
/* as: dom0, domU */
#include "../kit/kit.h"

TEST
{
	domid_t me = own_domid();
	char *given = page_alloc(), *at = page_alloc(), *other = page_alloc();
	grant_handle_t handle;

	grant_init();
	grant_give(9, me, given, 0);
	check_status("map", grant_map(me, 9, (ulong)at, GNTMAP_host_map, &handle), GNTST_okay);
	check_status("unmap of another address", grant_unmap(handle, (ulong)other),
		     GNTST_general_error);
	check_status("unmap of an address without tables", grant_unmap(handle, VA_UNMAPPED),
		     GNTST_general_error);
	check("it is still mapped: marks", grant_table[9].flags & (GTF_reading | GTF_writing),
	      GTF_reading | GTF_writing);
	check_status("unmap of another handle", grant_unmap(handle + 1, (ulong)at),
		     GNTST_bad_handle);
	check_status("unmap of handle -1", grant_unmap(~0U, (ulong)at), GNTST_bad_handle);
	check_status("unmap of handle 2^20", grant_unmap(1 << 20, (ulong)at), GNTST_bad_handle);
	check("overwriting its entry by hand", va_protect(at, PTE_KERN), 0);
	check_status("unmap now", grant_unmap(handle, (ulong)at), GNTST_general_error);
	check_status("map again", grant_map(me, 9, (ulong)other, GNTMAP_host_map, &handle),
		     GNTST_okay);
	check_status("unmap", grant_unmap(handle, (ulong)other), GNTST_okay);
	check_status("unmap twice", grant_unmap(handle, (ulong)other), GNTST_bad_handle);
	check("the entry taken back by its owner",
	      __sync_val_compare_and_swap(&grant_table[9].flags, GTF_permit_access, 0) &
		      ~(GTF_reading | GTF_writing),
	      GTF_permit_access);
}
