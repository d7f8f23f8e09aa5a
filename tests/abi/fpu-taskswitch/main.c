/* SPDX-License-Identifier: MIT */
/* Rule: after fpu_taskswitch(1) the next use of the FPU is a #NM, once, until it is set again. */
/* as: dom0, domU */
#include "../kit/kit.h"

static ulong cr0(void)
{
	ulong value;

	__asm__ volatile("mov %%cr0, %0" : "=r"(value));
	return value;
}

TEST
{
	check("x87 at first", attempt("fninit"), TRAP_NONE);
	check("fpu_taskswitch(1)", hypercall(fpu_taskswitch, 1), 0);
	check("TS in cr0", cr0() & 8, 8);
	check("x87", attempt("fninit"), TRAP_nm);
	check("TS in cr0, which the trap has cleared", cr0() & 8, 0);
	check("x87 again", attempt("fninit"), TRAP_NONE);
	check("fpu_taskswitch(1)", hypercall(fpu_taskswitch, 1), 0);
	check("SSE", attempt("xorps %%xmm0, %%xmm0", :), TRAP_nm);
	check("SSE again", attempt("xorps %%xmm0, %%xmm0", :), TRAP_NONE);
	check("fpu_taskswitch(1)", hypercall(fpu_taskswitch, 1), 0);
	check("fpu_taskswitch(0)", hypercall(fpu_taskswitch, 0), 0);
	check("x87", attempt("fninit"), TRAP_NONE);
	check("fpu_taskswitch(1)", hypercall(fpu_taskswitch, 1), 0);
	check("clts", attempt("clts"), TRAP_NONE);
	check("TS in cr0", cr0() & 8, 0);
	check("x87", attempt("fninit"), TRAP_NONE);
	check("TS by cr0", attempt("mov %0, %%cr0", : : "r"(cr0() | 8)), TRAP_NONE);
	check("x87", attempt("fninit"), TRAP_nm);
}
