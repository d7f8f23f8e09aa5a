/* SPDX-License-Identifier: MIT */
/* Rule: a copy with another domain goes by grant only, in both directions. */
#include "../kit/kit.h"

static int copy(struct gnttab_copy op)
{
	long err = (op.status = 77, hypercall(grant_table_op, GNTTABOP_copy, &op, 1));

	return err ? (int)err : op.status;
}

static void peer_gives(void)
{
	char *page = page_alloc();

	grant_init();
	page[0] = 'p';
	grant_give(20, 0, page, 0);
	grant_give(21, 7, page, 0);
	box.value[0] = mfn_of(page);
	while (!box.value[9])
		hypercall(sched_op, SCHEDOP_yield);
	box.value[1] = page[1];
	box.value[2] =
		copy((struct gnttab_copy){ .source = { .u.gmfn = box.value[9], .domid = 0 },
					   .dest = { .u.gmfn = mfn_of(page), .domid = DOMID_SELF },
					   .len = 1 });
	box.value[3] =
		copy((struct gnttab_copy){ .source = { .u.ref = 9, .domid = 0 },
					   .dest = { .u.gmfn = mfn_of(page), .domid = DOMID_SELF },
					   .len = 1,
					   .flags = GNTCOPY_source_gref });
	box.value[4] = page[0];
}

TEST
{
	char *page = page_alloc();
	static struct peer peer;
	struct gnttab_copy in = { .dest = { .u.gmfn = mfn_of(page), .domid = DOMID_SELF },
				  .len = 1,
				  .flags = GNTCOPY_source_gref };
	struct gnttab_copy out = { .source = { .u.gmfn = mfn_of(page), .domid = DOMID_SELF },
				   .len = 1,
				   .flags = GNTCOPY_dest_gref };

	grant_init();
	peer_start(&peer, 1, peer_gives);
	grant_give(9, peer.id, page, GTF_readonly);
	check_that("the peer gives", wait_for(peer.box->value[0], 5000));
	in.source.domid = out.dest.domid = peer.id;
	in.source.u.ref = out.dest.u.ref = 20;
	out.dest.offset = 1;
	check_status("from its grant", copy(in), GNTST_okay);
	check("the byte", page[0], 'p');
	page[0] = 'd';
	check_status("to its grant", copy(out), GNTST_okay);
	in.source.u.ref = 21;
	check_status("from a grant for another", copy(in), GNTST_general_error);
	in.flags = 0;
	in.source.u.gmfn = peer.box->value[0];
	check_status("from its bare frame, by a privileged domain too", copy(in),
		     GNTST_permission_denied);
	peer.box->value[9] = mfn_of(page);
	check("it ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("it saw our byte", peer.box->value[1], 'd');
	check_status("its copy from our bare frame", peer.box->value[2], GNTST_permission_denied);
	check_status("its copy from our grant", peer.box->value[3], GNTST_okay);
	check("the byte", peer.box->value[4], 'd');
}
