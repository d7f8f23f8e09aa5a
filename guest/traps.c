/* SPDX-License-Identifier: MIT */
/*
 * Exceptions of our own code: each ends the domain, with registers and a backtrace.
 *
 * Xen pushes an exception's frame onto the stack that was in use, since all of us is "kernel" to
 * it. So a stack that has run into its guard page cannot take one: Xen then crashes the domain
 * and prints the registers itself. Only an access beyond the guard by a frame that still has room
 * is told here.
 */
#include "guest/console.h"
#include "guest/cpu.h"
#include "guest/hypercall.h"
#include "guest/irq.h"
#include "guest/panic.h"
#include "guest/shutdown.h"
#include "guest/start.h"

#define TRAPS           20
#define STUB_SIZE       32 /* in entry.S */
#define TRAP_PAGE_FAULT 14

#define FAULT_PRESENT (1u << 0)
#define FAULT_WRITE   (1u << 1)
#define FAULT_FETCH   (1u << 4)

extern char trap_stubs[], upcall_entry[], failsafe_entry[];

static const char *const trap_names[TRAPS] = {
	"divide error",
	"debug",
	"NMI",
	"breakpoint",
	"overflow",
	"bound range exceeded",
	"invalid opcode",
	"device not available",
	"double fault",
	"coprocessor overrun",
	"invalid TSS",
	"segment not present",
	"stack fault",
	"general protection fault",
	"page fault",
	"reserved",
	"floating-point error",
	"alignment check",
	"machine check",
	"SIMD floating-point error",
};

void traps_fill(struct trap_info *table)
{
	unsigned int i;

	for (i = 0; i < TRAPS; i++) {
		table[i].vector = (uint8_t)i;
		table[i].flags = i == 3 ? 3 : 0; /* only INT3 may be executed */
		table[i].cs = FLAT_KERNEL_CS;
		table[i].address = (unsigned long)trap_stubs + i * STUB_SIZE;
	}
}

void traps_init(void)
{
	struct trap_info table[TRAPS + 1] = { 0 };
	long err;

	traps_fill(table);
	err = hypercall_set_trap_table(table);
	if (!err)
		err = hypercall_set_callbacks((unsigned long)upcall_entry,
					      (unsigned long)failsafe_entry, 0);
	if (err)
		panic("cannot set trap handlers: error %ld", err);
}

static void page_fault_print(const struct cpu_user_regs *regs)
{
	unsigned long address = cpu_self()->info.arch.cr2;
	const struct thread *thread = thread_current();
	uint32_t error = regs->error_code;

	console_print("%s address %#lx: ",
		      error & FAULT_FETCH   ? "executing at"
		      : error & FAULT_WRITE ? "writing to"
					    : "reading from",
		      address);
	if (address < PAGE_SIZE)
		console_print("null pointer\n");
	else if (thread && address < (unsigned long)thread->stack &&
		 address >= (unsigned long)thread->stack - PAGE_SIZE)
		console_print("stack overflow of thread %s (%lu KiB)\n", thread->name,
			      thread->stack_size / 1024);
	else
		console_print("%s\n", error & FAULT_PRESENT ? "no such access" : "not mapped");
}

NORETURN void trap_handle(struct cpu_user_regs *regs);

/* From entry.S. */
void trap_handle(struct cpu_user_regs *regs)
{
	uint32_t vector = regs->entry_vector;

	panic_begin();
	console_print("\n*** %s (vector %u, error code %#x) ***\n",
		      vector < TRAPS ? trap_names[vector] : "?", vector, regs->error_code);
	if (vector == TRAP_PAGE_FAULT)
		page_fault_print(regs);
	registers_print(regs);
	backtrace_print(regs->rip, regs->rsp);
	shutdown_crash();
}

NORETURN void trap_failsafe(void);

void trap_failsafe(void)
{
	panic("a segment register could not be loaded");
}
