/* SPDX-License-Identifier: MIT */
/* Rule: copy moves bytes between frames and grants, both ways, within one page each. */
/* as: dom0, domU */
/* since: 4.17.7 */
#include "../kit/kit.h"

static struct gnttab_copy op;

static int copy(uint16_t flags)
{
	long err;

	op.flags = flags;
	op.status = 77;
	err = hypercall(grant_table_op, GNTTABOP_copy, &op, 1);
	return err ? (int)err : op.status;
}

static void describe(unsigned long src, unsigned int src_off, unsigned long dst,
		     unsigned int dst_off, unsigned int len)
{
	op = (struct gnttab_copy){
		.source = { .u.gmfn = src, .domid = DOMID_SELF, .offset = src_off },
		.dest = { .u.gmfn = dst, .domid = DOMID_SELF, .offset = dst_off },
		.len = len
	};
}

TEST
{
	domid_t me = own_domid();
	char *a = page_alloc(), *b = page_alloc();

	grant_init();
	for (unsigned int i = 0; i < PAGE_SIZE; i++)
		a[i] = i * 7;
	grant_give(9, me, a, 0);
	grant_give(10, me, b, 0);
	grant_give(11, me, b, GTF_readonly);
	describe(mfn_of(a), 100, mfn_of(b), 200, 300);
	check_status("frame to frame", copy(0), GNTST_okay);
	check("the bytes", memcmp(a + 100, b + 200, 300), 0);
	check("the byte before", b[199], 0);
	check("the byte behind", b[500], 0);
	describe(9, 0, mfn_of(b), 0, PAGE_SIZE);
	check_status("grant to frame, a whole page", copy(GNTCOPY_source_gref), GNTST_okay);
	check("the bytes", memcmp(a, b, PAGE_SIZE), 0);
	memset(b, 0, PAGE_SIZE);
	describe(mfn_of(a), 1, 10, 4095, 1);
	check_status("frame to grant, the last byte", copy(GNTCOPY_dest_gref), GNTST_okay);
	check("the byte", b[4095], a[1]);
	describe(9, 5, 10, 6, 7);
	check_status("grant to grant", copy(GNTCOPY_source_gref | GNTCOPY_dest_gref), GNTST_okay);
	check("the bytes", memcmp(a + 5, b + 6, 7), 0);
	check("marks", (grant_table[9].flags | grant_table[10].flags) & (GTF_reading | GTF_writing),
	      0);
	describe(9, 0, 11, 0, 8);
	check_status("to a read-only grant", copy(GNTCOPY_source_gref | GNTCOPY_dest_gref),
		     GNTST_general_error);
	describe(11, 0, mfn_of(a), 8, 8);
	check_status("from a read-only grant", copy(GNTCOPY_source_gref), GNTST_okay);
	describe(mfn_of(a), 4000, mfn_of(b), 0, 97);
	check_status("over the source's end", copy(0), GNTST_bad_copy_arg);
	describe(mfn_of(a), 0, mfn_of(b), 4096, 1);
	check_status("behind the destination's end", copy(0), GNTST_bad_copy_arg);
	describe(mfn_of(a), 0, mfn_of(b), 0, 0);
	check_status("nothing", copy(0), GNTST_okay);
	describe(mfn_of(a), 0, mfn_of(b), 0, 8);
	op.dest.domid = 1000;
	check_status("to a domain that is not there", copy(0), GNTST_bad_domain);
	describe(MFN_ABSENT, 0, mfn_of(b), 0, 8);
	check_status("from a frame that is not there", copy(0), GNTST_bad_page);
	describe(12, 0, mfn_of(b), 0, 8);
	check_status("from a grant that is not in use", copy(GNTCOPY_source_gref),
		     GNTST_general_error);
	describe(1 << 20, 0, mfn_of(b), 0, 8);
	check_status("from a reference behind the table", copy(GNTCOPY_source_gref),
		     GNTST_bad_gntref);
	describe(mfn_of(a), 0, mfn_of((void *)start_info->pt_base), 0, 8);
	check_status("onto a page table", copy(0), GNTST_general_error);
}
