/* SPDX-License-Identifier: MIT */
/*
 * Rule: setup_table writes its list of frames where it is told to, or says that it could not; what
 * it gave before it gives again.
 */
/* as: dom0, domU */
#include "../kit/kit.h"

static xen_pfn_t frames[4];

static int setup(unsigned int n, void *list)
{
	struct gnttab_setup_table op = { .dom = DOMID_SELF, .nr_frames = n, .status = 77 };
	long err;

	set_xen_guest_handle(op.frame_list, list);
	err = hypercall(grant_table_op, GNTTABOP_setup_table, &op, 1);
	return err ? (int)err : op.status;
}

static int status_frames(domid_t domid, unsigned int n, void *list)
{
	struct gnttab_get_status_frames op = { .dom = domid, .nr_frames = n, .status = 77 };
	long err;

	set_xen_guest_handle(op.frame_list, (uint64_t *)list);
	err = hypercall(grant_table_op, GNTTABOP_get_status_frames, &op, 1);
	return err ? (int)err : op.status;
}

TEST
{
	char *page = page_alloc(), *hole = page_alloc();
	xen_pfn_t *last = (xen_pfn_t *)hole - 1, first;

	if (hole != page + PAGE_SIZE || va_map(hole, 0))
		error("no page with a hole behind it");
	check_status("one frame", setup(1, frames), GNTST_okay);
	first = frames[0];
	check_status("once more", setup(1, frames), GNTST_okay);
	check_same("the same", (long)frames[0], (long)first);
	check_status("into nowhere", setup(1, (void *)VA_UNMAPPED), GNTST_bad_virt_addr);
	check_status("into the hypervisor's", setup(1, (void *)VA_HYPERVISOR), -XEN_EFAULT);
	check_status("no frames there", setup(0, (void *)VA_NONCANONICAL), -XEN_EFAULT);
	check_status("no frames into nowhere", setup(0, (void *)VA_UNMAPPED), GNTST_okay);
	check_status("two into room for one", setup(2, last), GNTST_bad_virt_addr);
	check_same("the first is there", (long)last[0], (long)first);
	check_status("two", setup(2, frames), GNTST_okay);
	check_same("the first is the same", (long)frames[0], (long)first);
	check_that("the second is another", frames[1] != first);
	check_status("2^32 - 1 frames", setup(~0U, frames), GNTST_general_error);
	check_status("no status frames", status_frames(DOMID_SELF, 0, frames), GNTST_okay);
	check_status("one status frame, of version 1", status_frames(DOMID_SELF, 1, frames),
		     GNTST_general_error);
	check_status("of a domain that is not there", status_frames(999, 0, frames),
		     GNTST_bad_domain);
	check_status("into the hypervisor's",
		     status_frames(DOMID_SELF, 0, (void *)VA_HYPERVISOR), -XEN_EFAULT);
}
