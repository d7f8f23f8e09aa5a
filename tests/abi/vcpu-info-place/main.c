/* SPDX-License-Identifier: MIT */
/* Rule: vcpu_info moves once, to memory of the domain's own that holds it; events follow. */
/* as: dom0, domU */
#include "../kit/kit.h"

static long place(ulong mfn, unsigned int offset, unsigned int id)
{
	struct vcpu_register_vcpu_info info = { .mfn = mfn, .offset = offset };

	return hypercall(vcpu_op, VCPUOP_register_vcpu_info, id, &info);
}

TEST
{
	char *page = page_alloc();
	unsigned int port = event_self();
	struct vcpu_info *moved = (struct vcpu_info *)(page + 256);

	check("across a page's end", place(mfn_of(page), PAGE_SIZE - 32, 0), -XEN_ENXIO);
	check("not aligned", place(mfn_of(page), 4, 0), -XEN_ENXIO);
	check("a frame that is not there", place(MFN_ABSENT, 0, 0), -XEN_EINVAL);
	check("a page table", place(mfn_of((void *)start_info->pt_base), 0, 0), -XEN_EINVAL);
	check("a vcpu that is not there", place(mfn_of(page), 0, 99), -XEN_ENOENT);
	vcpu->evtchn_upcall_pending = 0;
	check("a good place", place(mfn_of(page), 256, 0), 0);
	check("what was there came along: mask", moved->evtchn_upcall_mask, 1);
	check("an event may have come meanwhile", moved->evtchn_upcall_pending, 1);
	moved->evtchn_upcall_pending = 0;
	moved->evtchn_pending_sel = 0;
	vcpu->evtchn_pending_sel = 0;
	event_send(port);
	check("an event goes to the new one", moved->evtchn_upcall_pending, 1);
	check("and not to the old", vcpu->evtchn_pending_sel, 0);
	check("another place", place(mfn_of(page), 512, 0), -XEN_EINVAL);
	check("the same place", place(mfn_of(page), 256, 0), -XEN_EINVAL);
	vcpu = moved;
	check_that("its time runs", time_now() > 0 && !(moved->time.version & 1));
	check("int3 still works", attempt("int3"), TRAP_bp);
	check("cr2 goes there", attempt("mov (%0), %%rax", : : "r"(VA_UNMAPPED) : "rax"), TRAP_pf);
	check("cr2", moved->arch.cr2, VA_UNMAPPED);
}
