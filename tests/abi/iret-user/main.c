/* SPDX-License-Identifier: MIT */
/* Rule: iret to a selector of ring 3 goes to user mode; syscalls come back, registers intact. */
/* as: dom0, domU */
#include "../kit/kit.h"

static unsigned int syscalls;
static ulong seen_mask;

/* Adds one to what the user gives, and returns to it, the first three times. */
static bool serve(struct cpu_user_regs *regs)
{
	if (regs->entry_vector != TRAP_SYSCALL || ++syscalls > 3)
		return false;
	seen_mask = vcpu->evtchn_upcall_mask;
	regs->rax++;
	return true;
}

static void user_counts(void)
{
	long value = 10;

	for (unsigned int i = 0; i < 4; i++)
		value = user_syscall(value);
	user_syscall(-1);
}

static void user_flags(void)
{
	ulong flags;

	__asm__ volatile("pushf\n\tpop %0" : "=r"(flags));
	user_syscall(flags);
}

TEST
{
	trap_hook = serve;
	check("four syscalls, three of them served", user_run(user_counts, 0, 0), 13);
	check("syscalls", syscalls, 4);
	check("cs", trap.regs.cs, FLAT_USER_CS64 | 3);
	check("ss", trap.regs.ss, FLAT_USER_SS64 | 3);
	check("rcx is the return address", trap.regs.rcx == trap.regs.rip, 1);
	check("r11 is the flags", trap.regs.r11 == trap.regs.rflags, 1);
	check("upcalls in the callback, without its mask flag", seen_mask, 0);
	check("by sysret", user_run(user_counts, VGCF_in_syscall, 0), 10);
	check("flags of user mode: carry, IOPL asked", user_run(user_flags, 0, 0x3001) & 0x3201,
	      0x201);
	events_off();
}
