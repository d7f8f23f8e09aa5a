/* SPDX-License-Identifier: MIT */
/*
 * Rule: swap_grant_ref takes references of the table only, and none that is mapped.
 * as: dom0, domU
 */
#include "../kit/kit.h"

static int swap(grant_ref_t a, grant_ref_t b)
{
	struct gnttab_swap_grant_ref op = { .ref_a = a, .ref_b = b, .status = 77 };
	long err = hypercall(grant_table_op, GNTTABOP_swap_grant_ref, &op, 1);

	return err ? (int)err : op.status;
}

TEST
{
	char *page = page_alloc(), *at = page_alloc();
	domid_t me = own_domid();
	grant_handle_t handle;

	grant_init();
	grant_give(9, me, page, 0);
	check_status("swap", swap(9, 10), GNTST_okay);
	check("the entry moved", grant_table[10].frame == mfn_of(page) && !grant_table[9].flags, 1);
	check_status("with itself", swap(10, 10), GNTST_okay);
	check_status("with one behind the table", swap(10, 1 << 20), GNTST_bad_gntref);
	check_status("of one behind the table", swap(~0U, 10), GNTST_bad_gntref);
	check_status("map", grant_map(me, 10, (ulong)at, GNTMAP_host_map, &handle), GNTST_okay);
	check_status("of one that is mapped", swap(10, 11), GNTST_eagain);
	check_status("with one that is mapped", swap(11, 10), GNTST_eagain);
	check("the entry stays", grant_table[10].frame == mfn_of(page), 1);
	check_status("unmap", grant_unmap(handle, (ulong)at), GNTST_okay);
	check_status("now", swap(10, 11), GNTST_okay);
}
