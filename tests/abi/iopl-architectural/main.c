/* SPDX-License-Identifier: MIT */
/* Rule: with vm_assist's architectural_iopl the IOPL of the frames is what set_iopl gave. */
/* as: dom0, domU */
#include "../kit/kit.h"

static bool raise(struct cpu_user_regs *regs)
{
	if (regs->entry_vector != TRAP_bp)
		return false;
	regs->rflags |= 0x1000;
	return true;
}

TEST
{
	struct physdev_set_iopl none = { .iopl = 0 };

	check("vm_assist", hypercall(vm_assist, VMASST_CMD_enable, VMASST_TYPE_architectural_iopl),
	      0);
	check("int3", attempt("int3"), TRAP_bp);
	check("IOPL in the frame", trap.regs.rflags & 0x3000, 0);
	check("cli: the kernel counts as ring 0", attempt("cli"), TRAP_NONE);
	trap_hook = raise;
	__asm__ volatile("int3");
	trap_hook = NULL;
	check("int3, after an iret with IOPL 1", attempt("int3"), TRAP_bp);
	check("IOPL in the frame", trap.regs.rflags & 0x3000, 0x1000);
	check("cli", attempt("cli"), TRAP_NONE);
	check("without the assist",
	      hypercall(vm_assist, VMASST_CMD_disable, VMASST_TYPE_architectural_iopl), 0);
	check("int3", attempt("int3"), TRAP_bp);
	check("IOPL in the frame", trap.regs.rflags & 0x3000, 0);
	check("set_iopl 0", hypercall(physdev_op, PHYSDEVOP_set_iopl, &none), 0);
	check("cli: the kernel counts as ring 1", attempt("cli"), TRAP_gp);
}
