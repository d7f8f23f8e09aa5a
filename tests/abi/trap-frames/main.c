/* SPDX-License-Identifier: MIT */
/* Rule: each exception of kernel mode comes by its own vector, with what its frame should hold. */
/* as: dom0, domU */
#include "../kit/kit.h"

TEST
{
	ulong stack, flags, zero = 0;

	check("int3", attempt("mov %%rsp, %0\n\tint3", : "=r"(stack)), TRAP_bp);
	check("cs, with the ring cleared", trap.regs.cs, FLAT_KERNEL_CS & ~3);
	check("ss", trap.regs.ss & ~3, FLAT_KERNEL_SS & ~3);
	check("rsp", trap.regs.rsp == stack, 1);
	check("rip is behind it", *(unsigned char *)(trap.regs.rip - 1), 0xcc);
	check("saved upcall mask, upcalls masked", trap.regs.saved_upcall_mask, 1);
	check("interrupt flag", trap.regs.rflags & 0x200, 0);
	events_on();
	check("int3 with upcalls on", attempt("int3"), TRAP_bp);
	check("saved upcall mask", trap.regs.saved_upcall_mask, 0);
	check("interrupt flag", trap.regs.rflags & 0x200, 0x200);
	check("upcall mask inside the handler", trap.upcall_mask, 0);
	check("upcall mask after it", vcpu->evtchn_upcall_mask, 0);
	events_off();
	check("ud2", attempt("ud2"), TRAP_ud);
	check("rip is at it", *(unsigned short *)trap.regs.rip, 0x0b0f);
	check("division by 0",
	      attempt("xor %%edx, %%edx\n\tdivq %0",
		      :
		      : "r"(zero)
		      : "rax", "rdx"),
	      TRAP_de);
	check("int $4, which needs no DPL", attempt("int $4"), TRAP_of);
	check("read of a non-canonical address",
	      attempt("mov (%0), %%rax",
		      :
		      : "r"(VA_NONCANONICAL)
		      : "rax"),
	      TRAP_gp);
	check("its error code", trap.error, 0);
	check("a bad selector into es", attempt("mov %k0, %%es", : : "r"(0x8888)), TRAP_gp);
	check("its error code", trap.error, 0x8888);
	check("registers in the frame: rdi, rbx",
	      attempt("mov $123, %%rdi\n\tmov $456, %%rbx\n\tud2",
		      :
		      :
		      : "rdi", "rbx"),
	      TRAP_ud);
	check("rdi", trap.regs.rdi, 123);
	check("rbx", trap.regs.rbx, 456);
	check("rcx and r11",
	      attempt("mov $12, %%rcx\n\tmov $34, %%r11\n\tud2",
		      :
		      :
		      : "rcx", "r11"),
	      TRAP_ud);
	check("rcx", trap.regs.rcx, 12);
	check("r11", trap.regs.r11, 34);
	__asm__ volatile("pushf\n\tpop %0" : "=r"(flags));
	check("the direction flag is clear in the handler's wake", flags & 0x400, 0);
}
