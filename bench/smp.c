/* SPDX-License-Identifier: MIT */
/* Rows of two processors: the word `smp`, a machine and a dom0 with two. */
#include "bench.h"
#include "pair.h"

static struct mmuext_op flush = { .cmd = MMUEXT_TLB_FLUSH_ALL };
static char second_stack[PAGE_SIZE] ALIGNED(16);
static volatile char second_sees;
static char wanted;

/* The other vcpu looks through the window for ever, so its processor has the translation. */
static void watch(void)
{
	for (;;)
		second_sees = READ_ONCE(*window);
}

static void second_begin(void)
{
	static struct vcpu_guest_context context;

	window_set(0, entry_of(page_a));
	context.flags = VGCF_in_kernel;
	context.user_regs.rip = (ulong)start_second;
	context.user_regs.cs = FLAT_KERNEL_CS;
	context.user_regs.ss = context.kernel_ss = FLAT_KERNEL_SS;
	context.user_regs.rflags = 0x202;
	context.user_regs.rsp = (ulong)second_stack + sizeof(second_stack);
	context.user_regs.rdi = (ulong)watch;
	context.ctrlreg[3] = xen_pfn_to_cr3(mfn_of((void *)start_info->pt_base));
	if (hypercall(vcpu_op, VCPUOP_initialise, 1, &context) ||
	    hypercall(vcpu_op, VCPUOP_up, 1) || !wait_for(second_sees == 'A', 3000))
		error("there is no second vcpu");
}

static void second_end(void)
{
	hypercall(vcpu_op, VCPUOP_down, 1);
}

static void flush_before(void)
{
	wanted = *window == 'A' ? 'B' : 'A';
	if (mmu_update(pte_address(window, 1), entry_of(wanted == 'A' ? page_a : page_b)))
		error("a remap was refused");
}

static void flush_op(void)
{
	result = call4(mmuext_op, &flush, 1, 0, DOMID_SELF);
}

static bool flush_done(void)
{
	return !result && READ_ONCE(*window) == wanted && wait_for(second_sees == wanted, 1000);
}

GROUP(smp, {
	{ "ping-pong, two processors", .op = pair_op, .done = pair_done, .before = pair_before,
	  .after = events_off, .begin = pair_begin_apart, .end = pair_end },
	{ "TLB flush, two processors", .op = flush_op, .done = flush_done,
	  .before = flush_before, .begin = second_begin, .end = second_end, .samples = 200 },
});
