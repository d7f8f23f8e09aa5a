/* SPDX-License-Identifier: MIT */
/* Traps and callbacks: recorded, resumed where a test said so; anything else ends the test. */
#include "kit.h"

struct trap_record trap = { .vector = TRAP_NONE };
volatile ulong trap_resume;
bool (*trap_hook)(struct cpu_user_regs *regs);

extern char trap_stubs[];
static char kernel_stack[8192] ALIGNED(16), user_stack[8192] ALIGNED(16);

ulong trap_stub(unsigned int vector)
{
	return (ulong)trap_stubs + vector * TRAP_STUB_SIZE;
}

void trap_dispatch(struct cpu_user_regs *regs)
{
	if (trap_hook && trap_hook(regs))
		return;
	if (regs->entry_vector == TRAP_EVENT) {
		event_upcall();
		return;
	}
	trap.vector = regs->entry_vector;
	trap.error = regs->error_code;
	trap.cr2 = vcpu->arch.cr2;
	trap.upcall_mask = vcpu->evtchn_upcall_mask;
	trap.regs = *regs;
	trap.count++;
	if (regs->entry_vector == TRAP_SYSCALL || (regs->cs & 3))
		user_leave(regs->rax);
	if (!trap_resume)
		error("unexpected trap %u error %#x rip %#lx cr2 %#lx", regs->entry_vector,
		      regs->error_code, (ulong)regs->rip, trap.cr2);
	regs->rip = trap_resume;
}

void trap_table_fill(struct trap_info table[257], unsigned int dpl)
{
	for (unsigned int i = 0; i < 256; i++)
		table[i] = (struct trap_info){
			.vector = i, .flags = dpl, .cs = FLAT_KERNEL_CS, .address = trap_stub(i)
		};
	table[256] = (struct trap_info){ 0 };
}

void trap_init(void)
{
	static struct trap_info table[257];

	trap_table_fill(table, 0);
	if (hypercall_n(__HYPERVISOR_set_trap_table, (ulong)table, 0, 0, 0, 0) ||
	    hypercall_n(__HYPERVISOR_set_callbacks, trap_stub(TRAP_EVENT), trap_stub(TRAP_FAILSAFE),
			trap_stub(TRAP_SYSCALL), 0, 0))
		error("the trap table or the callbacks were refused");
}

void user_context(struct iret_context *context, void (*code)(void))
{
	*context = (struct iret_context){
		.rip = (ulong)code,
		.cs = FLAT_USER_CS64 | 3,
		.rflags = 0x202,
		.rsp = (ulong)(user_stack + sizeof(user_stack) - 8),
		.ss = FLAT_USER_SS64 | 3,
	};
}

long user_run(void (*code)(void), ulong vgcf, ulong rflags)
{
	struct iret_context context;

	/* The user's tables are the kernel's: both run in ring 3, every page is theirs alike. */
	if (mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of((void *)start_info->pt_base), 0))
		error("no user page tables");
	hypercall_n(__HYPERVISOR_stack_switch, FLAT_KERNEL_SS64,
		    (ulong)(kernel_stack + sizeof(kernel_stack)), 0, 0, 0);
	user_context(&context, code);
	context.flags = vgcf;
	context.rflags |= rflags;
	trap.vector = TRAP_NONE;
	return user_enter(&context);
}

long user_syscall(long rax)
{
	__asm__ volatile("syscall" : "+a"(rax) : : "rcx", "r11", "memory");
	return rax;
}
