/* SPDX-License-Identifier: MIT */
/* Rule: the trap flag gives a #DB after each instruction, in the kernel and in user mode. */
/* as: dom0, domU */
#include "../kit/kit.h"

static unsigned int steps, want;
static ulong rips[8], flags[8];

static bool count(struct cpu_user_regs *regs)
{
	if (regs->entry_vector != TRAP_db)
		return false;
	if (steps < 8) {
		rips[steps] = regs->rip;
		flags[steps] = regs->rflags;
	}
	if (++steps >= want)
		regs->rflags &= ~0x100UL;
	return true;
}

static void user_steps(void)
{
	__asm__ volatile("nop\n\tnop\n\tnop\n\tmov $77, %eax\n\tsyscall");
}

TEST
{
	trap_hook = count;
	want = 3;
	__asm__ volatile("pushf\n\torl $0x100, (%%rsp)\n\tpopf\n\tnop\n\tnop\n\tnop\n\tnop"
			 :
			 :
			 : "cc");
	check("steps in the kernel", steps, 3);
	check("the second is one byte on", rips[1] - rips[0], 1);
	check("the third too", rips[2] - rips[1], 1);
	check("the flag is in the frame", flags[0] & 0x100, 0x100);
	check("dr6 says single step", hypercall(get_debugreg, 6) & 0x4000, 0x4000);
	steps = 0;
	want = 2;
	check("user mode comes to its end", user_run(user_steps, 0, 0x100), 77);
	check("steps", steps, 2);
	check("one byte each", rips[1] - rips[0], 1);
}
