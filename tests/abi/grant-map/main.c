/* SPDX-License-Identifier: MIT */
/* Rule: a grant maps its frame, read-only or writable as given, and marks its use while mapped. */
/* as: dom0, domU */
#include "../kit/kit.h"

TEST
{
	domid_t me = own_domid();
	volatile char *given = page_alloc(), *seen = page_alloc();
	grant_handle_t handle, second;
	ulong va = (ulong)seen;
	struct gnttab_map_grant_ref device = { .flags = GNTMAP_device_map };
	struct gnttab_unmap_grant_ref release = { 0 };

	grant_init();
	va_map((void *)seen, 0); /* a map over what is mapped leaves the flush to us */
	given[0] = 'g';
	grant_give(9, me, (void *)given, 0);
	check_status("map", grant_map(me, 9, va, GNTMAP_host_map, &handle), GNTST_okay);
	check("what is there", seen[0], 'g');
	seen[1] = 'w';
	check("a write through it", given[1], 'w');
	check("marks: reading, writing", grant_table[9].flags & (GTF_reading | GTF_writing),
	      GTF_reading | GTF_writing);
	check("frame in the page table", PTE_MFN(*pte_of((void *)seen, 1)) == mfn_of((void *)given),
	      1);
	check_status("unmap", grant_unmap(handle, va), GNTST_okay);
	check("marks", grant_table[9].flags & (GTF_reading | GTF_writing), 0);
	check("a read of what was unmapped",
	      attempt("movb (%0), %%al",
		      :
		      : "r"(va)
		      : "rax"),
	      TRAP_pf);

	check_status("map read-only",
		     grant_map(me, 9, va, GNTMAP_host_map | GNTMAP_readonly, &handle), GNTST_okay);
	check("marks", grant_table[9].flags & (GTF_reading | GTF_writing), GTF_reading);
	check("a write", attempt("movb $1, (%0)", : : "r"(va) : "memory"), TRAP_pf);
	check_status("map again elsewhere, writable",
		     grant_map(me, 9, (ulong)page_alloc(), GNTMAP_host_map, &second), GNTST_okay);
	check("another handle", second != handle, 1);
	check_status("unmap the first", grant_unmap(handle, va), GNTST_okay);
	check("marks", grant_table[9].flags & (GTF_reading | GTF_writing),
	      GTF_reading | GTF_writing);

	grant_give(10, me, (void *)given, GTF_readonly);
	check_status("map of a read-only grant", grant_map(me, 10, va, GNTMAP_host_map, &handle),
		     GNTST_general_error);
	check_status("read-only map of it",
		     grant_map(me, 10, va, GNTMAP_host_map | GNTMAP_readonly, &handle), GNTST_okay);
	check_status("unmap", grant_unmap(handle, va), GNTST_okay);
	device.dom = me;
	device.ref = 9;
	check("map for a device alone",
	      hypercall(grant_table_op, GNTTABOP_map_grant_ref, &device, 1), 0);
	check_status("status", device.status, GNTST_okay);
	check("its bus address is the frame's",
	      device.dev_bus_addr == mfn_of((void *)given) * PAGE_SIZE, 1);
	release.handle = device.handle;
	release.dev_bus_addr = device.dev_bus_addr;
	check("unmap", hypercall(grant_table_op, GNTTABOP_unmap_grant_ref, &release, 1), 0);
	check_status("status", release.status, GNTST_okay);
	check_status("map into a page table entry",
		     grant_map(me, 9, pte_address((void *)seen, 1),
			       GNTMAP_host_map | GNTMAP_contains_pte, &handle),
		     GNTST_okay);
	mmuext(MMUEXT_INVLPG_LOCAL, va, 0);
	check("what is there", seen[0], 'g');
	check_status("unmap by the entry", grant_unmap(handle, pte_address((void *)seen, 1)),
		     GNTST_okay);
}
