/* SPDX-License-Identifier: MIT */
/*
 * Rule: a domain that has all that it may have exchanges frames, and loses none, while another vcpu
 * of it tries to get more. Only several processors can break it.
 */
#include "../kit/kit.h"

#define EXCHANGES  200
#define STACK_SIZE (4 * PAGE_SIZE)

enum { STARTED, FAILED, TRIED, GOT, DONE };

static char stack[STACK_SIZE] ALIGNED(PAGE_SIZE);
static struct vcpu_guest_context context;

/* What it gets it gives back at once. */
static void greedy(void)
{
	struct xen_memory_reservation r = { .nr_extents = 1, .domid = DOMID_SELF };
	xen_pfn_t frame;

	set_xen_guest_handle(r.extent_start, &frame);
	for (;; box.value[TRIED]++) {
		if (hypercall(memory_op, XENMEM_increase_reservation, &r) != 1)
			continue;
		box.value[GOT]++;
		hypercall(memory_op, XENMEM_decrease_reservation, &r);
	}
}

static void exchange(void)
{
	static xen_pfn_t in, out;
	struct xen_memory_exchange x = { .in.nr_extents = 1, .out.nr_extents = 1 };
	void *page = page_alloc();

	in = mfn_of(page);
	va_map(page, 0);
	x.in.domid = x.out.domid = DOMID_SELF;
	set_xen_guest_handle(x.in.extent_start, &in);
	set_xen_guest_handle(x.out.extent_start, &out);
	for (unsigned int i = 0; i < EXCHANGES && !box.value[FAILED]; i++) {
		x.nr_exchanged = 0;
		out = 0;
		box.value[FAILED] = hypercall(memory_op, XENMEM_exchange, &x);
		in = out;
	}
	box.value[DONE] = 1;
}

static void first(void)
{
	context.flags = VGCF_in_kernel;
	context.user_regs.rip = (ulong)start_second;
	context.user_regs.rsp = (ulong)stack + STACK_SIZE;
	context.user_regs.rdi = (ulong)greedy;
	context.user_regs.cs = FLAT_KERNEL_CS;
	context.user_regs.ss = context.kernel_ss = FLAT_KERNEL_SS;
	context.user_regs.rflags = 0x202;
	context.ctrlreg[3] = xen_pfn_to_cr3(mfn_of((void *)start_info->pt_base));
	shared->vcpu_info[1].evtchn_upcall_mask = 1;
	box.value[STARTED] = hypercall(vcpu_op, VCPUOP_initialise, 1, &context) ||
			     hypercall(vcpu_op, VCPUOP_up, 1, 0);
	exchange();
	for (;;)
		hypercall(sched_op, SCHEDOP_yield);
}

static uint64_t pages_of(const struct peer *peer)
{
	struct xen_domctl op = { 0 };

	return domctl(&op, XEN_DOMCTL_getdomaininfo, peer->id) ? 0 : op.u.getdomaininfo.tot_pages;
}

TEST
{
	static struct peer peer;
	struct xen_domctl op = { 0 };
	uint64_t before;

	peer_create(&peer, 2);
	peer_build(&peer, first);
	before = pages_of(&peer);
	op.u.max_mem.max_memkb = before * (PAGE_SIZE / 1024);
	check("it may have what it has", domctl(&op, XEN_DOMCTL_max_mem, peer.id), 0);
	peer_unpause(&peer);
	check("exchanges ended", sleep_for(peer.box->value[DONE], 50000), true);
	check("second vcpu", peer.box->value[STARTED], 0);
	check("the first that failed", peer.box->value[FAILED], 0);
	(void)sleep_for(peer.box->value[TRIED], 5000);
	check("what the other one got", peer.box->value[GOT], 0);
	check("pages that are missing", before - pages_of(&peer), 0);
	check("destroy", peer_destroy(&peer), 0);
}
