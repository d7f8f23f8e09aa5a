/* SPDX-License-Identifier: MIT */
/* The interface: which function serves which number; and how a long operation is continued. */
#include "hypercall.h"
#include <stdarg.h>

#include "console.h"
#include "evtchn.h"
#include "grant.h"
#include "irq.h"
#include "memory.h"
#include "sched.h"
#include "lib/string.h"

static long hypercall_absent(void)
{
	return -ENOSYS;
}

/* Guests do without the processor's performance counters, as under Xen's vpmu=off, its default. */
static long hypercall_without_counters(void)
{
	return -EOPNOTSUPP;
}

#define ROW(name)        [__HYPERVISOR_##name] = (hypercall_fn)(void *)do_##name
#define ABSENT(from, to) [from... to] = (hypercall_fn)(void *)hypercall_absent

const hypercall_fn hypercall_table[NR_HYPERCALLS] = {
	ROW(set_trap_table),
	ROW(mmu_update),
	ROW(set_gdt),
	ROW(stack_switch),
	ROW(set_callbacks),
	ROW(fpu_taskswitch),
	ROW(sched_op_compat),
	ROW(platform_op),
	ROW(set_debugreg),
	ROW(get_debugreg),
	ROW(update_descriptor),
	ABSENT(11, 11),
	ROW(memory_op),
	ROW(multicall),
	ROW(update_va_mapping),
	ROW(set_timer_op),
	ROW(event_channel_op_compat),
	ROW(xen_version),
	ROW(console_io),
	ABSENT(19, 19), /* physdev_op_compat: of interface versions before 3.2 */
	ROW(grant_table_op),
	ROW(vm_assist),
	ROW(update_va_mapping_otherdomain),
	ROW(iret),
	ROW(vcpu_op),
	ROW(set_segment_base),
	ROW(mmuext_op),
	ABSENT(27, 27), /* xsm_op */
	ROW(nmi_op),
	ROW(sched_op),
	ROW(callback_op),
	ABSENT(31, 31), /* xenoprof_op */
	ROW(event_channel_op),
	ROW(physdev_op),
	ABSENT(34, 34), /* hvm_op */
	ROW(sysctl),
	ROW(domctl),
	ABSENT(37, 39), /* kexec, tmem, argo */
	[__HYPERVISOR_xenpmu_op] = (hypercall_fn)(void *)hypercall_without_counters,
	ABSENT(41, NR_HYPERCALLS - 1), /* dm_op, hypfs; mca; 49-55 are no architecture's here */
};

/*
 * The frame's registers are the arguments, and rip goes back onto the syscall instruction: the
 * guest calls again as soon as it runs, with interrupts served in between, and no state of ours is
 * left behind. rax keeps the number, as the result that the caller returns.
 */
long hypercall_continue(unsigned op, unsigned n, ...)
{
	struct cpu *c = this_cpu();
	struct regs *r = &c->vcpu->regs;
	uint64_t *const arg[6] = { &r->rdi, &r->rsi, &r->rdx, &r->r10, &r->r8, &r->r9 };
	va_list args;
	unsigned i;

	va_start(args, n);
	if (c->mc) {
		c->mc->op = op;
		for (i = 0; i < n; i++)
			c->mc->args[i] = va_arg(args, unsigned long);
		c->mc_args = n;
		cpu_work(c, WORK_ENTRY);
	} else {
		for (i = 0; i < n; i++)
			*arg[i] = va_arg(args, unsigned long);
		r->rip -= 2; /* to the syscall instruction again */
	}
	va_end(args);
	return op;
}

#define STUB_SIZE 32

/*
 * rcx and r11 are syscall's, and guests expect them preserved: so each stub keeps them on its
 * stack.
 */
void hypercall_page_fill(void *page)
{
	/* push %rcx; push %r11; mov $n, %eax; syscall; pop %r11; pop %rcx; ret */
	static const uint8_t stub[] = { 0x51, 0x41, 0x53, 0xb8, 0,    0,    0,
					0,    0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3 };
	/*
	 * push %rcx; push %r11; push %rax; mov $iret, %eax; syscall: the rest of struct
	 * iret_context is there
	 */
	static const uint8_t iret[] = { 0x51, 0x41, 0x53, 0x50, 0xb8, __HYPERVISOR_iret,
					0,    0,    0,    0x0f, 0x05 };
	uint8_t *at = page;
	uint32_t n;

	memset(page, 0xcc, PAGE_SIZE);
	for (n = 0; n < PAGE_SIZE / STUB_SIZE; n++, at += STUB_SIZE) {
		memcpy(at, stub, sizeof(stub));
		memcpy(at + 4, &n, sizeof(n));
	}
	memcpy((uint8_t *)page + __HYPERVISOR_iret * STUB_SIZE, iret, sizeof(iret));
}
