/* SPDX-License-Identifier: MIT */
/* Rule: INT n of user mode goes where the trap table says if its DPL is 3, else it is a #GP. */
/* as: dom0, domU */
#include "../kit/kit.h"

static struct trap_info table[257];

static void user_int3(void)
{
	__asm__ volatile("int3");
}

static void user_int0x80(void)
{
	__asm__ volatile("int $0x80");
}

static void user_int0x81(void)
{
	__asm__ volatile("int $0x81");
}

static void dpl_of(unsigned int vector, unsigned int dpl)
{
	table[0] = (struct trap_info){ vector, dpl, FLAT_KERNEL_CS, trap_stub(vector) };
	check("set_trap_table", hypercall(set_trap_table, table), 0);
}

TEST
{
	user_run(user_int3, 0, 0);
	check("int3, DPL 0: breakpoints ask for none", trap.vector, TRAP_bp);
	dpl_of(3, 3);
	user_run(user_int3, 0, 0);
	check("int3, DPL 3", trap.vector, TRAP_bp);
	check("cs", trap.regs.cs, FLAT_USER_CS64 | 3);
	check("error code", trap.error, 0);
	user_run(user_int0x81, 0, 0);
	check("int $0x81, DPL 0", trap.vector, TRAP_gp);
	dpl_of(0x80, 3);
	user_run(user_int0x80, 0, 0);
	check("int $0x80, DPL 3", trap.vector, 0x80);
	check("cs", trap.regs.cs, FLAT_USER_CS64 | 3);
	check("rip is behind it", *(unsigned short *)(trap.regs.rip - 2), 0x80cd);
	check("int3 of the kernel, DPL 3", attempt("int3"), TRAP_bp);
}
