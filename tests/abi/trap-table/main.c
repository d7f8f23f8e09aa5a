/* SPDX-License-Identifier: MIT */
/* Rule: set_trap_table takes entries until one of address 0, and a gate may mask upcalls. */
/* as: dom0, domU */
#include "../kit/kit.h"

static struct trap_info table[4];

static bool handler_ran;

static bool note(struct cpu_user_regs *regs)
{
	handler_ran = regs->entry_vector == 40;
	return false;
}

TEST
{
	table[0] = (struct trap_info){ 3, 0, FLAT_KERNEL_CS, trap_stub(40) };
	check("one entry", hypercall(set_trap_table, table), 0);
	trap_hook = note;
	check("int3 comes by the new stub", attempt("int3"), 40);
	check("handler ran", handler_ran, 1);

	table[0] = (struct trap_info){ 3, 4, FLAT_KERNEL_CS, trap_stub(3) };
	check("a gate that masks upcalls", hypercall(set_trap_table, table), 0);
	events_on();
	check("int3", attempt("int3"), TRAP_bp);
	check("upcall mask in the handler", trap.upcall_mask, 1);
	check("saved upcall mask", trap.regs.saved_upcall_mask, 0);
	check("upcall mask after it, which iret restored", vcpu->evtchn_upcall_mask, 0);
	events_off();

	table[0] = (struct trap_info){ 3, 0, FLAT_KERNEL_CS, trap_stub(3) };
	table[1] = (struct trap_info){ 6, 0, FLAT_KERNEL_CS, VA_NONCANONICAL };
	table[2] = (struct trap_info){ 3, 0, FLAT_KERNEL_CS, trap_stub(41) };
	check("the second's address is not canonical", hypercall(set_trap_table, table),
	      -XEN_EINVAL);
	check("the first was taken, the third not", attempt("int3"), TRAP_bp);
	table[1].address = 0;
	check("the second's address is 0", hypercall(set_trap_table, table), 0);
	check("the third was not taken", attempt("int3"), TRAP_bp);
	check("a table that is not mapped", hypercall(set_trap_table, VA_UNMAPPED), -XEN_EFAULT);
	check("null, which clears all", hypercall(set_trap_table, 0), 0);
	table[1].address = trap_stub(6);
	table[1].cs = 0x10;
	table[2] = (struct trap_info){ 0 };
	check("a selector of ring 0 is made one of ring 3", hypercall(set_trap_table, table), 0);
	check("int3", attempt("int3"), TRAP_bp);
}
