/* SPDX-License-Identifier: MIT */
/*
 * Rule: while a vcpu is away its segments are kept: selectors, and bases that are not those of the
 * selectors' descriptors. The selector of gs is user mode's, whoever runs: the kernel's base has
 * nothing to do with it.
 */
/* as: dom0, domU */
#include "../kit/segment.h"

static ulong a[1] = { 0xa }, b[1] = { 0xb }, c[1] = { 0xc };

/* Others run meanwhile, or nobody. */
static void away(void)
{
	hypercall(set_timer_op, time_now() + 10 * MS);
	hypercall(sched_op, SCHEDOP_block);
	events_off();
}

static void check_kept(const char *what, uint16_t selector)
{
	uint16_t fs, gs;

	check(what, 0, 0);
	hypercall(set_segment_base, SEGBASE_GS_USER_SEL, selector);
	__asm__ volatile("mov %0, %%fs" ::"r"((uint32_t)selector));
	away();
	__asm__ volatile("mov %%fs, %0; mov %%gs, %1" : "=r"(fs), "=r"(gs));
	check("fs", fs, selector);
	check("gs", gs, selector);
	check("what gs shows in the kernel", read_gs(), 0xa);
	hypercall(set_segment_base, SEGBASE_GS_USER, b);
	hypercall(set_segment_base, SEGBASE_FS, c);
	away();
	check("what gs shows in the kernel", read_gs(), 0xa);
	check("what gs shows in user mode, its base set", user_run(user_reads_gs, 0, 0), 0xb);
	check("what fs shows, its base set", read_fs(), 0xc);
	__asm__ volatile("mov %%fs, %0; mov %%gs, %1" : "=r"(fs), "=r"(gs));
	check("fs", fs, selector);
	check("gs", gs, selector);
}

TEST
{
	hypercall(vcpu_op, VCPUOP_stop_periodic_timer, 0);
	event_virq(VIRQ_TIMER);
	check("gs of the kernel", hypercall(set_segment_base, SEGBASE_GS_KERNEL, a), 0);
	check_kept("null selectors", 0);
	check_kept("flat selectors", FLAT_RING3_DS32);
	check_kept("null selectors again", 0);
}
