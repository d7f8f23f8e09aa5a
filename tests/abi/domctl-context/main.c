/* SPDX-License-Identifier: MIT */
/* Rule: setvcpucontext takes a state that can be run, getvcpucontext shows it, of 64 bits. */
#include "../kit/kit.h"

static struct vcpu_guest_context context;

static void peer_waits(void)
{
	hypercall(set_segment_base, SEGBASE_FS, 0x123000);
	box.value[0] = 1;
	for (;;)
		hypercall(sched_op, SCHEDOP_yield);
}

static long call(unsigned int cmd, struct peer *peer, unsigned int vcpu_id, void *c)
{
	struct xen_domctl op = { .u.vcpucontext.vcpu = vcpu_id };

	set_xen_guest_handle(op.u.vcpucontext.ctxt, c);
	return domctl(&op, cmd, peer->id);
}

TEST
{
	static struct peer peer;
	struct xen_domctl op = { 0 };

	peer_create(&peer, 1);
	check("get of one never set", call(XEN_DOMCTL_getvcpucontext, &peer, 0, &context),
	      -XEN_ENODATA);
	memset(&context, 0, sizeof(context));
	check("set with an L4 that is not there",
	      call(XEN_DOMCTL_setvcpucontext, &peer, 0, &context), -XEN_EINVAL);
	check("set from a bad pointer",
	      call(XEN_DOMCTL_setvcpucontext, &peer, 0, (void *)VA_UNMAPPED), -XEN_EFAULT);
	peer_build(&peer, peer_waits);
	check("get of one set", call(XEN_DOMCTL_getvcpucontext, &peer, 0, &context), 0);
	check("rip", context.user_regs.rip, start);
	check("cs", context.user_regs.cs, FLAT_KERNEL_CS);
	check_that("in kernel, online", (context.flags & (VGCF_in_kernel | VGCF_online)) ==
						(VGCF_in_kernel | VGCF_online));
	peer_unpause(&peer);
	check_that("it runs", wait_for(peer.box->value[0], 5000));
	check("pause", domctl(&op, XEN_DOMCTL_pausedomain, peer.id), 0);
	memset(&context, 0, sizeof(context));
	check("get", call(XEN_DOMCTL_getvcpucontext, &peer, 0, &context), 0);
	check("cr3", context.ctrlreg[3] >> 12 == peer.p2m[peer.nr_pages - 4], 1);
	check("fs base", context.fs_base, 0x123000);
	check("event callback", context.event_callback_eip, trap_stub(TRAP_EVENT));
	check("syscall callback", context.syscall_callback_eip, trap_stub(TRAP_SYSCALL));
	check("trap 3's handler", context.trap_ctxt[3].address, trap_stub(3));
	check_that("its stack is in the image",
		   context.user_regs.rsp - (ulong)image_start < (ulong)(image_end - image_start));
	check("vcpu 1", call(XEN_DOMCTL_getvcpucontext, &peer, 1, &context), -XEN_EINVAL);
	check("vcpu 1 set", call(XEN_DOMCTL_setvcpucontext, &peer, 1, &context), -XEN_EINVAL);
	check("ours", ({
		      op.u.vcpucontext.vcpu = 0;
		      set_xen_guest_handle(op.u.vcpucontext.ctxt, &context);
		      domctl(&op, XEN_DOMCTL_getvcpucontext, 0);
	      }),
	      -XEN_EINVAL);
	check("destroy", peer_destroy(&peer), 0);
}
