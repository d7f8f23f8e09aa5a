/* SPDX-License-Identifier: MIT */
/* Rule: setup_table gives the frames of one's own table to read and write, query_size its size. */
#include "../kit/kit.h"

static xen_pfn_t frames[70];

static long setup(domid_t dom, unsigned int n, int16_t *status)
{
	struct gnttab_setup_table op = { .dom = dom, .nr_frames = n, .status = 77 };
	long err;

	set_xen_guest_handle(op.frame_list, frames);
	err = hypercall(grant_table_op, GNTTABOP_setup_table, &op, 1);
	*status = op.status;
	return err;
}

static long query(domid_t dom, struct gnttab_query_size *op)
{
	*op = (struct gnttab_query_size){ .dom = dom, .status = 77 };
	return hypercall(grant_table_op, GNTTABOP_query_size, op, 1);
}

static void peer_tries(void)
{
	struct gnttab_query_size size;
	int16_t status;

	box.value[0] = setup(0, 1, &status);
	box.value[1] = status;
	box.value[2] = query(0, &size);
	box.value[3] = size.status;
	box.value[4] = query(DOMID_SELF, &size);
	box.value[5] = size.max_nr_frames;
	box.value[6] = setup(DOMID_SELF, 5, &status);
	box.value[7] = status;
	box.value[8] = setup(DOMID_SELF, 4, &status);
	box.value[9] = status;
}

TEST
{
	struct gnttab_query_size size;
	volatile struct grant_entry_v1 *table = page_alloc();
	static struct peer peer;
	int16_t status;

	check("query_size", query(DOMID_SELF, &size), 0);
	check_status("status", size.status, GNTST_okay);
	check("frames", size.nr_frames, 1);
	check_that("of at most 64", size.max_nr_frames >= 32 && size.max_nr_frames <= 64);
	check("setup_table", setup(DOMID_SELF, 1, &status), 0);
	check_status("status", status, GNTST_okay);
	check("mapping its frame", va_map((void *)table, frames[0] * PAGE_SIZE | PTE_KERN), 0);
	check("entry 8, at first", table[8].flags | table[8].domid | table[8].frame, 0);
	table[8].frame = 0x1234;
	check("it can be written", table[8].frame, 0x1234);
	check("setup_table of 2", setup(DOMID_SELF, 2, &status), 0);
	check_status("status", status, GNTST_okay);
	check("the table has grown", (query(DOMID_SELF, &size), size.nr_frames), 2);
	check("of too many", setup(DOMID_SELF, size.max_nr_frames + 1, &status), 0);
	check_status("status", status, GNTST_general_error);
	check("for a domain that is not there", setup(1000, 1, &status), 0);
	check_status("status", status, GNTST_bad_domain);
	check("query_size of it", query(1000, &size), 0);
	check_status("status", size.status, GNTST_bad_domain);
	check("two requests of setup_table at once",
	      hypercall(grant_table_op, GNTTABOP_setup_table, frames, 2), -XEN_EINVAL);

	peer_start(&peer, 1, peer_tries);
	check("a peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("its setup_table of dom0's", peer.box->value[0], 0);
	check_status("status", peer.box->value[1], GNTST_permission_denied);
	check("its query_size of dom0's", peer.box->value[2], 0);
	check_status("status", peer.box->value[3], GNTST_permission_denied);
	check("its own limit", peer.box->value[5], 4);
	check_status("setup_table of more", peer.box->value[7], GNTST_general_error);
	check_status("of as much", peer.box->value[9], GNTST_okay);
}
