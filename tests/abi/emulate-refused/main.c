/* SPDX-License-Identifier: MIT */
/* Rule: privileged instructions that a PV guest has no use for are a #GP with error code 0. */
/* as: dom0, domU */
#include "../kit/kit.h"

static void user_reads_cr0(void)
{
	__asm__ volatile("mov %%cr0, %%rax" : : : "rax");
}

static void user_rdmsr(void)
{
	__asm__ volatile("mov $0xc0000080, %%ecx\n\trdmsr" : : : "rax", "rcx", "rdx");
}

static void user_hlt(void)
{
	__asm__ volatile("hlt");
}

TEST
{
	char table[16] = { 0 };

	check("hlt", attempt("hlt"), TRAP_gp);
	check("error code", trap.error, 0);
	check("lgdt", attempt("lgdt %0", : : "m"(table)), TRAP_gp);
	check("lidt", attempt("lidt %0", : : "m"(table)), TRAP_gp);
	check("lldt", attempt("lldt %w0", : : "r"(0)), TRAP_gp);
	check("ltr", attempt("ltr %w0", : : "r"(0)), TRAP_gp);
	check("invlpg", attempt("invlpg (%0)", : : "r"(table)), TRAP_gp);
	check("wbinvd, dom0 has devices", attempt("wbinvd"), TRAP_NONE);
	check("invd", attempt("invd"), TRAP_gp);
	check("clts", attempt("clts"), TRAP_NONE);
	check("swapgs", attempt("swapgs"), TRAP_gp);
	check("sysretq", attempt("sysretq"), TRAP_gp);
	check("rdpmc", attempt("rdpmc", : : "c"(0) : "rax", "rdx"), TRAP_gp);
	check("monitor", attempt("monitor", : : "a"(table), "c"(0), "d"(0)), TRAP_ud);
	check("vmmcall", attempt("vmmcall"), TRAP_ud);
	user_run(user_reads_cr0, 0, 0);
	check("cr0 in user mode", trap.vector, TRAP_gp);
	user_run(user_rdmsr, 0, 0);
	check("rdmsr in user mode", trap.vector, TRAP_gp);
	user_run(user_hlt, 0, 0);
	check("hlt in user mode", trap.vector, TRAP_gp);
	check("cs", trap.regs.cs & 3, 3);
}
