/* SPDX-License-Identifier: MIT */
/* Grants: the domain's own table, version 1, and the operations with their status. */
#include "kit.h"

volatile struct grant_entry_v1 *grant_table;

void grant_init(void)
{
	xen_pfn_t frame;
	struct gnttab_setup_table op = { .dom = DOMID_SELF, .nr_frames = 1 };

	set_xen_guest_handle(op.frame_list, &frame);
	grant_table = page_alloc();
	if (hypercall_n(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table, (ulong)&op, 1, 0, 0) ||
	    op.status || va_map((void *)grant_table, frame * PAGE_SIZE | PTE_KERN))
		error("no grant table");
}

/* The frame and the domain stand before the flags make the entry valid. */
void grant_give(grant_ref_t ref, domid_t domid, const void *page, uint16_t flags)
{
	grant_table[ref].domid = domid;
	grant_table[ref].frame = mfn_of(page);
	wmb();
	grant_table[ref].flags = GTF_permit_access | flags;
}

int grant_map(domid_t domid, grant_ref_t ref, uint64_t at, uint32_t flags, grant_handle_t *handle)
{
	struct gnttab_map_grant_ref op = {
		.host_addr = at,
		.flags = flags,
		.ref = ref,
		.dom = domid,
		.status = 77,
	};
	long err = hypercall(grant_table_op, GNTTABOP_map_grant_ref, &op, 1);

	*handle = op.handle;
	return err ? (int)err : op.status;
}

int grant_unmap(grant_handle_t handle, uint64_t at)
{
	struct gnttab_unmap_grant_ref op = { .host_addr = at, .handle = handle, .status = 77 };
	long err = hypercall(grant_table_op, GNTTABOP_unmap_grant_ref, &op, 1);

	return err ? (int)err : op.status;
}
