/* SPDX-License-Identifier: MIT */
/*
 * Rule: setvcpucontext without a context takes everything from a vcpu: it is down, wants a new
 * context, and its page tables can be unpinned.
 */
#include "../kit/kit.h"

static struct vcpu_guest_context context;

static long context_op(struct peer *peer, unsigned int cmd, struct vcpu_guest_context *c)
{
	struct xen_domctl op = { 0 };

	set_xen_guest_handle(op.u.vcpucontext.ctxt, c);
	return domctl(&op, cmd, peer->id);
}

static unsigned int online(struct peer *peer)
{
	struct xen_domctl op = { 0 };

	check("getvcpuinfo", domctl(&op, XEN_DOMCTL_getvcpuinfo, peer->id), 0);
	return op.u.getvcpuinfo.online;
}

static void peer_runs(void)
{
	box.value[0]++;
	for (;;)
		hypercall(sched_op, SCHEDOP_yield);
}

TEST
{
	static struct peer peer;
	struct xen_domctl op = { 0 };
	struct mmuext_op unpin = { .cmd = MMUEXT_UNPIN_TABLE };

	peer_start(&peer, 1, peer_runs);
	check_that("a peer runs", wait_for(peer.box->value[0] == 1, 5000));
	check("pausedomain", domctl(&op, XEN_DOMCTL_pausedomain, peer.id), 0);
	check("getvcpucontext", context_op(&peer, XEN_DOMCTL_getvcpucontext, &context), 0);
	check("it is online", online(&peer), 1);
	check("setvcpucontext of none", context_op(&peer, XEN_DOMCTL_setvcpucontext, NULL), 0);
	check("it is not online", online(&peer), 0);
	check("getvcpucontext of what it no longer has",
	      context_op(&peer, XEN_DOMCTL_getvcpucontext, &context), -XEN_ENODATA);
	unpin.arg1.mfn = xen_cr3_to_pfn(context.ctrlreg[3]);
	check("its L4 is unpinned", hypercall(mmuext_op, &unpin, 1, 0, peer.id), 0);
	check("none once more", context_op(&peer, XEN_DOMCTL_setvcpucontext, NULL), 0);
	check("the context that it had", context_op(&peer, XEN_DOMCTL_setvcpucontext, &context), 0);
	check("it is online", online(&peer), 1);
	context.user_regs.rip = (ulong)start;
	context.user_regs.rsi =
		(ulong)image_start + (peer.nr_pages - 6) * PAGE_SIZE; /* start_info */
	check("from the start", context_op(&peer, XEN_DOMCTL_setvcpucontext, &context), 0);
	check("unpausedomain", domctl(&op, XEN_DOMCTL_unpausedomain, peer.id), 0);
	check_that("it runs again", wait_for(peer.box->value[0] == 2, 5000));
	check("destroy", peer_destroy(&peer), 0);
	memset(&op, 0, sizeof(op));
	check("of dom0 itself", domctl(&op, XEN_DOMCTL_setvcpucontext, 0), -XEN_EINVAL);
}
