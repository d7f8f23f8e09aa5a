/* SPDX-License-Identifier: MIT */
/* Rule: cli and sti without IOPL are a #GP; with the virtual IOPL they do nothing; popf never. */
/* as: dom0, domU */
#include "../kit/kit.h"

static ulong flags(void)
{
	ulong value;

	__asm__ volatile("pushf\n\tpop %0" : "=r"(value));
	return value;
}

static long set_iopl(unsigned int level)
{
	struct physdev_set_iopl op = { .iopl = level };

	return hypercall(physdev_op, PHYSDEVOP_set_iopl, &op);
}

TEST
{
	check("IF and IOPL at first", flags() & 0x3200, 0x200);
	check("cli", attempt("cli"), TRAP_gp);
	check("error code", trap.error, 0);
	check("sti", attempt("sti"), TRAP_gp);
	check("popf without IF", attempt("push $2\n\tpopf"), TRAP_NONE);
	check("IF, as it was", flags() & 0x200, 0x200);
	check("upcall mask, untouched", vcpu->evtchn_upcall_mask, 1);
	check("set_iopl 1", set_iopl(1), 0);
	check("IOPL in the flags: never the real one", flags() & 0x3000, 0);
	check("cli", attempt("cli"), TRAP_NONE);
	check("IF, as it was", flags() & 0x200, 0x200);
	check("sti", attempt("sti"), TRAP_NONE);
	check("upcall mask, untouched", vcpu->evtchn_upcall_mask, 1);
	check("set_iopl 0", set_iopl(0), 0);
	check("cli", attempt("cli"), TRAP_gp);
	check("set_iopl 4", set_iopl(4), -XEN_EINVAL);
}
