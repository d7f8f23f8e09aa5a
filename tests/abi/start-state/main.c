/* SPDX-License-Identifier: MIT */
/* Rule: dom0 starts as the ABI says: start_info, p2m, page tables, shared page, masked upcalls. */
#include "../kit/kit.h"

TEST
{
	const ulong *p2m = (const ulong *)start_info->mfn_list;
	ulong info_page = ((ulong)start_info - (ulong)image_start) / PAGE_SIZE, cr3, flags;
	unsigned int right = 0, pages = 0;

	check_that("magic", !memcmp(start_info->magic, "xen-3.0-x86_64", 14));
	check("flags: privileged, initial domain", start_info->flags & 3,
	      SIF_PRIVILEGED | SIF_INITDOMAIN);
	check("the shared info page is aligned", start_info->shared_info % PAGE_SIZE, 0);
	check("no store page", start_info->store_mfn | start_info->store_evtchn, 0);
	check("no module", start_info->mod_start | start_info->mod_len, 0);
	check_string("command line", (const char *)start_info->cmd_line,
		     "record"); /* run-one's word */
	check_that("the p2m is behind the image", start_info->mfn_list >= (ulong)image_end);
	check_that("start_info is behind the p2m",
		   (ulong)start_info >= start_info->mfn_list + start_info->nr_pages * 8);
	check_that("the page tables are behind start_info",
		   start_info->pt_base > (ulong)start_info);
	check("page tables for 4 MiB: L4, L3, L2, two L1", start_info->nr_pt_frames, 5);
	for (ulong pfn = 0; pfn < start_info->nr_pages; pfn++) {
		right += machine_to_phys_mapping[p2m[pfn]] == pfn;
		pages++;
	}
	check("p2m entries whose M2P entry leads back", right, pages);
	__asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
	check("cr3 is pt_base's frame", cr3 == mfn_of((void *)start_info->pt_base) * PAGE_SIZE, 1);
	check_that("512 KiB of room behind the last structure are mapped",
		   (*pte_of((void *)(start_info->pt_base +
				     (start_info->nr_pt_frames + 128) * PAGE_SIZE),
			    1) &
		    PTE_P));
	check("upcalls are masked", vcpu->evtchn_upcall_mask, 1);
	check("every port is masked or not, none is pending", shared->evtchn_pending[0], 0);
	__asm__ volatile("pushf\n\tpop %0" : "=r"(flags));
	check("interrupts are on", flags & 0x200, 0x200);
	check_that("pages", info_page < start_info->nr_pages);
}
