/* SPDX-License-Identifier: MIT */
/* Rows of traps that the guest's kernel handles itself, with a handler of a few instructions. */
#include "bench.h"

static ulong before;

static void count(void)
{
	before = handled;
}

static bool counted(void)
{
	return handled == before + 1;
}

static void breakpoint_begin(void)
{
	vector_set(TRAP_bp, handle_count);
}

static void breakpoint_op(void)
{
	__asm__ volatile("int3");
}

static void breakpoint_end(void)
{
	vector_reset(TRAP_bp);
}

static void fault_begin(void)
{
	map_address = (ulong)window;
	map_entry = entry_of(page_a);
	vector_set(TRAP_pf, handle_map);
}

static void fault_before(void)
{
	window_set(0, 0);
	count();
}

static void fault_op(void)
{
	result = READ_ONCE(*window);
}

static bool fault_done(void)
{
	return counted() && result == *page_a;
}

static void fault_end(void)
{
	vector_reset(TRAP_pf);
}

/* A load from beyond the canonical addresses: no privileged instruction that would be emulated. */
static void protection_begin(void)
{
	vector_set(TRAP_gp, handle_skip);
	skip_bytes = 3;
}

static void protection_op(void)
{
	ulong value;

	__asm__ volatile("mov (%1), %0" : "=a"(value) : "c"(VA_NONCANONICAL));
}

/* An instruction that is privileged and refused: lgdt. */
static void privileged_begin(void)
{
	vector_set(TRAP_gp, handle_skip);
	skip_bytes = 3;
}

static void privileged_op(void)
{
	__asm__ volatile("lgdt (%0)" : : "a"(window));
}

static void protection_end(void)
{
	vector_reset(TRAP_gp);
}

GROUP(trap, {
	{ "int3 + iret", .op = breakpoint_op, .done = counted, .before = count,
	  .begin = breakpoint_begin, .end = breakpoint_end, .target = 170 },
	{ "#PF repaired + iret", .op = fault_op, .done = fault_done, .before = fault_before,
	  .begin = fault_begin, .end = fault_end, .target = 420 },
	{ "#GP reflected + iret", .op = protection_op, .done = counted, .before = count,
	  .begin = protection_begin, .end = protection_end, .target = 400 },
	{ "#GP of lgdt reflected + iret", .op = privileged_op, .done = counted, .before = count,
	  .begin = privileged_begin, .end = protection_end },
});
