/* SPDX-License-Identifier: MIT */
/* Rule: a vcpu is initialised once, comes up, runs by itself, and goes down. */
#include "../kit/kit.h"

static struct vcpu_guest_context context;

static void second(void)
{
	static const unsigned int me = 1;
	ulong i = 0;

	box.value[20] = hypercall(vcpu_op, VCPUOP_is_up, me);
	/* Not down before the first has seen it up, however the two take turns. */
	while (++i < 50 || !READ_ONCE(box.value[24]))
		hypercall(sched_op, SCHEDOP_yield);
	box.value[21] = i;
	box.value[22] = hypercall(vcpu_op, VCPUOP_down, me);
	box.value[23] = 1;
	for (;;)
		hypercall(sched_op, SCHEDOP_yield);
}

static long vcpu_call(unsigned int op, unsigned int id, void *arg)
{
	return hypercall(vcpu_op, op, id, arg);
}

static void first(void)
{
	char *stack = page_alloc();

	box.value[0] = vcpu_call(VCPUOP_is_up, 0, NULL);
	box.value[1] = vcpu_call(VCPUOP_is_up, 1, NULL);
	box.value[2] = vcpu_call(VCPUOP_up, 1, NULL);
	box.value[3] = vcpu_call(VCPUOP_initialise, 7, &context);
	box.value[4] = vcpu_call(VCPUOP_initialise, 1, (void *)VA_UNMAPPED);
	context.flags = VGCF_in_kernel;
	context.user_regs.rip = (ulong)start_second;
	context.user_regs.cs = FLAT_KERNEL_CS;
	context.user_regs.ss = context.kernel_ss = FLAT_KERNEL_SS;
	context.user_regs.rflags = 0x202;
	context.user_regs.rsp = (ulong)stack + PAGE_SIZE;
	context.user_regs.rdi = (ulong)second;
	context.ctrlreg[3] = xen_pfn_to_cr3(box.value[9]);
	box.value[5] = vcpu_call(VCPUOP_initialise, 1, &context);
	context.ctrlreg[3] = xen_pfn_to_cr3(mfn_of((void *)start_info->pt_base));
	box.value[6] = vcpu_call(VCPUOP_initialise, 1, &context);
	box.value[7] = vcpu_call(VCPUOP_initialise, 1, &context);
	box.value[8] = vcpu_call(VCPUOP_is_up, 1, NULL);
	box.value[10] = vcpu_call(VCPUOP_up, 1, NULL);
	box.value[11] = vcpu_call(VCPUOP_is_up, 1, NULL);
	WRITE_ONCE(box.value[24], 1);
	box.value[12] = wait_for(box.value[21], 20000);
	box.value[13] = wait_for(!vcpu_call(VCPUOP_is_up, 1, NULL), 3000);
	box.value[14] = vcpu_call(VCPUOP_down, 7, NULL);
	box.value[15] = vcpu_call(VCPUOP_up, 1, NULL);
	box.value[16] = wait_for(box.value[23], 3000);
	box.value[17] = vcpu_call(VCPUOP_down, 1, NULL);
	box.value[18] = vcpu_call(99, 1, NULL);
}

TEST
{
	static struct peer peer;

	peer_create(&peer, 2);
	peer_build(&peer, first);
	peer.box->value[9] = mfn_of(page_alloc());
	peer_unpause(&peer);
	check("the peer ends", peer_wait(&peer, 50000), SHUTDOWN_poweroff);
	check("vcpu 0 is up", peer.box->value[0], 1);
	check("vcpu 1 is up", peer.box->value[1], 0);
	check("up before initialise", peer.box->value[2], -XEN_EINVAL);
	check("initialise of a vcpu that is not there", peer.box->value[3], -XEN_ENOENT);
	check("initialise from a bad pointer", peer.box->value[4], -XEN_EFAULT);
	check("initialise with an L4 that is dom0's", peer.box->value[5], -XEN_EINVAL);
	check("initialise", peer.box->value[6], 0);
	check("initialise twice", peer.box->value[7], -XEN_EEXIST);
	check("is it up", peer.box->value[8], 0);
	check("up", peer.box->value[10], 0);
	check("is it up", peer.box->value[11], 1);
	check("it is up, it says", peer.box->value[20], 1);
	check("it ran", peer.box->value[12], 1);
	check("it went down", peer.box->value[13], 1);
	check("down of a vcpu that is not there", peer.box->value[14], -XEN_ENOENT);
	check("up again", peer.box->value[15], 0);
	check("it went on where it was", peer.box->value[16], 1);
	check("its down returned", peer.box->value[22], 0);
	check("down by the other", peer.box->value[17], 0);
	check("unknown", peer.box->value[18], -XEN_ENOSYS);
}
