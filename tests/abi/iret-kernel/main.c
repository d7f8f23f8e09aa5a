/* SPDX-License-Identifier: MIT */
/* Rule: the iret hypercall loads rip, flags, rsp and the saved registers from the stack. */
/* as: dom0, domU */
#include "../kit/kit.h"

extern struct iret_context context;
struct iret_context context;
extern struct {
	ulong rax, r11, rcx, rsp, flags;
} after;
__typeof__(after) after;
extern char landed[];
extern void iret_with_context(void), iret_in_multicall(void);
extern struct multicall_entry list[1];
struct multicall_entry list[1];

/* Enters behind the hypercall page's pushes, so that all of the context is ours. */
__asm__(".text\niret_with_context:\n\t"
	"push %rbp\n\tpush %rbx\n\tmov %rsp, %rbx\n\t"
	"lea context, %rsp\n\tmov $23, %eax\n\tsyscall\n"
	"landed:\tmov %rax, after\n\tmov %r11, after + 8\n\tmov %rcx, after + 16\n\t"
	"mov %rsp, after + 24\n\tmov %rbx, %rsp\n\tpushf\n\tpop after + 32\n\tcld\n\t"
	"pop %rbx\n\tpop %rbp\n\tret\n"
	"iret_in_multicall:\n\tpush %rbp\n\tpush %rbx\n\tmov %rsp, %rbx\n\t"
	"lea context, %rsp\n\tlea list, %rdi\n\tmov $1, %esi\n\tmov $13, %eax\n\tsyscall\n\tud2");

static void go(ulong rflags, ulong flags)
{
	context = (struct iret_context){ .rax = 1,
					 .r11 = 2,
					 .rcx = 3,
					 .flags = flags,
					 .rip = (ulong)landed,
					 .cs = FLAT_KERNEL_CS & ~3,
					 .rflags = rflags,
					 .rsp = 0x12340,
					 .ss = FLAT_KERNEL_SS };
	iret_with_context();
}

TEST
{
	go(0x202, 0);
	check("rax", after.rax, 1);
	check("r11", after.r11, 2);
	check("rcx", after.rcx, 3);
	check("rsp", after.rsp, 0x12340);
	check("upcall mask with IF set", vcpu->evtchn_upcall_mask, 0);
	go(0x002, 0);
	check("upcall mask with IF clear", vcpu->evtchn_upcall_mask, 1);
	check("IF, always set in truth", after.flags & 0x200, 0x200);
	go(0x202 | 0x401, 0);
	check("direction and carry flags", after.flags & 0x401, 0x401);
	go(0x202 | 0x3000, 0);
	check("IOPL, never given", after.flags & 0x3000, 0);
	go(0x202 | 0x24000, 0);
	check("NT is given, VM is not", after.flags & 0x24000, 0x4000);
	go(0x202, VGCF_in_syscall);
	check("in syscall: rax", after.rax, 1);
	check("in syscall: rsp", after.rsp, 0x12340);
	after.rsp = after.rcx = 0;
	list[0].op = __HYPERVISOR_iret;
	context.flags = 0;
	iret_in_multicall();
	check("in a multicall: rcx", after.rcx, 3);
	check("in a multicall: rsp", after.rsp, 0x12340);
	events_off();
}
