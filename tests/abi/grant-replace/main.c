/* SPDX-License-Identifier: MIT */
/* Rule: unmap_and_replace moves the mapping of another address into the grant's place. */
/* as: dom0, domU */
#include "../kit/kit.h"

static int replace(grant_handle_t handle, ulong at, ulong from)
{
	struct gnttab_unmap_and_replace op = {
		.host_addr = at, .new_addr = from, .handle = handle, .status = 77
	};
	long err = hypercall(grant_table_op, GNTTABOP_unmap_and_replace, &op, 1);

	return err ? (int)err : op.status;
}

TEST
{
	domid_t me = own_domid();
	volatile char *given = page_alloc(), *at = page_alloc(), *other = page_alloc();
	grant_handle_t handle;

	grant_init();
	grant_give(9, me, (void *)given, 0);
	given[0] = 'g';
	other[0] = 'o';
	va_map((void *)at, 0);
	check_status("map", grant_map(me, 9, (ulong)at, GNTMAP_host_map, &handle), GNTST_okay);
	check("what is there", at[0], 'g');
	check_status("with a bad handle", replace(handle + 1, (ulong)at, (ulong)other),
		     GNTST_bad_handle);
	check_status("from an address without tables", replace(handle, (ulong)at, VA_UNMAPPED),
		     GNTST_general_error);
	check_status("unmap and replace", replace(handle, (ulong)at, (ulong)other), GNTST_okay);
	mmuext(MMUEXT_INVLPG_LOCAL, (ulong)at, 0);
	check("what is there", at[0], 'o');
	check("the other address", attempt("movb (%0), %%al", : : "r"(other) : "rax"), TRAP_pf);
	check("marks", grant_table[9].flags & (GTF_reading | GTF_writing), 0);
	check_status("the handle again", replace(handle, (ulong)at, (ulong)other),
		     GNTST_bad_handle);
}
