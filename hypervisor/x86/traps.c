/* SPDX-License-Identifier: MIT */
/*
 * Where exceptions and interrupts go. A guest's exceptions are pv/'s. In the hypervisor itself an
 * exception is expected at the rows of the exception table only; anywhere else it is a bug, which
 * ends everything.
 */
#include "console.h"
#include "irq.h"
#include "local.h"
#include "pv.h"
#include "sched.h"
#include "smp.h"

#define VECTOR_DB 1
#define VECTOR_NMI 2
#define VECTOR_DF 8
#define VECTOR_PF 14
#define VECTOR_MC 18

struct extable_row {
	int32_t at, to;
};

uint64_t extable_find(uint64_t pc)
{
	extern const struct extable_row extable_start[], extable_end[];
	const struct extable_row *r;

	for (r = extable_start; r < extable_end; r++)
		if ((uint64_t)&r->at + (uint64_t)(int64_t)r->at == pc)
			return (uint64_t)&r->to + (uint64_t)(int64_t)r->to;
	return 0;
}

void trap_guest(struct regs *r)
{
	if (r->entry == VECTOR_PF)
		pv_page_fault(r, read_cr2());
	else if (r->entry < 32)
		pv_exception(r);
	else if (r->entry < VECTOR_FIRST_DYNAMIC)
		pv_int_gate(r);
	else
		irq_dispatch(r->entry);
}

/*
 * There is no virtual-8086 mode in long mode, but QEMU's TCG enters it by an `iret` of 32 bits in
 * ring 3. A cs of that mode may look like the hypervisor's own, and the way back go to ring 0: the
 * guest never goes on.
 */
void trap_v8086_c(struct regs *r)
{
	r->cs |= 3;
	r->rflags &= ~RF_VM;
	domain_crash(current->domain, "runs in virtual-8086 mode");
	if (r->entry >= VECTOR_FIRST_DYNAMIC)
		irq_dispatch(r->entry);
}

/* The machine's NMIs are dom0's. */
void trap_nmi_seen(void)
{
	struct vcpu *v = dom0 ? dom0->vcpu[0] : NULL;

	if (!v)
		return;
	v->nmi_pending = true;
	if (v->running) {
		cpu_work(v->cpu, WORK_NMI);
		cpu_kick(v->cpu);
	}
	(void)sched_unblock(v);
}

static const char *const names[] = {
	"divide error", "debug", "NMI", "breakpoint", "overflow", "bound", "invalid opcode",
	"device not available", "double fault", "coprocessor segment", "invalid TSS",
	"segment not present", "stack fault", "general protection", "page fault", "reserved",
	"x87 error", "alignment check", "machine check", "SIMD error",
};

static NORETURN void die(const struct regs *r)
{
	printk(LOG_ERR, "exception %u (%s) error %x cr2 %016lx in the hypervisor\n", r->entry,
	       r->entry < ARRAY_SIZE(names) ? names[r->entry] : "?", r->error_code, read_cr2());
	regs_print(r);
	backtrace(r->rsp, r->rip);
	panic("exception %u at %016lx", r->entry, r->rip);
}

void trap_hyper(struct regs *r)
{
	extern const char guest_iretq_fault[];
	uint64_t fixup;

	if (r->entry >= 32) {
		irq_dispatch(r->entry);
		return;
	}
	/* A selector may name a page of the LDT that is mapped on demand only. */
	if (r->entry == VECTOR_PF && pv_ldt_fault(read_cr2()))
		return;
	fixup = extable_find(r->rip);
	if (!fixup)
		die(r);
	if (fixup == (uint64_t)guest_iretq_fault) {
		/* It becomes the guest's, raised where the return should have gone. */
		current->regs.entry = r->entry;
		current->regs.error_code = r->error_code;
	}
	r->rip = fixup;
}

/*
 * The processor of a guest's frame that was pushed on a stack of its own, now moved to where it
 * belongs.
 */
static struct cpu *adopt(const struct regs *r)
{
	struct cpu *c = this_cpu();

	c->vcpu->regs = *r;
	if (unlikely(r->rflags & RF_VM))
		trap_v8086_c(&c->vcpu->regs);
	return c;
}

struct cpu *trap_own_stack_c(struct regs *r)
{
	bool from_guest = r->cs & 3 || r->rflags & RF_VM;

	switch (r->entry) {
	case VECTOR_DB:
		if (from_guest)
			return adopt(r);
		/*
		 * A breakpoint of the guest's that MOV SS put off into our entry (SDM vol. 3,
		 * 6.8.3), or one on memory that we touch on its behalf: not ours.
		 */
		r->rflags &= ~RF_TF;
		__asm__ volatile("mov %0, %%dr6" ::"r"(0xffff0ff0UL));
		return NULL;
	case VECTOR_NMI:
		while (smp_stopping())
			__asm__ volatile("cli; hlt");
		/*
		 * It may have come anywhere: what it means is done in an ordinary interrupt, as
		 * soon as one can be taken.
		 */
		apic_ipi_self(VECTOR_NMI_SEEN);
		return r->rflags & RF_VM ? adopt(r) : NULL;
	default:
		die(r);
	}
}
