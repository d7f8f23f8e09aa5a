/* SPDX-License-Identifier: MIT */
/*
 * Exceptions of a guest. Some are the hypervisor's to repair (FPU state, LDT pages, writes to page
 * tables, privileged instructions); all others are bounced to the handler that the guest has set
 * for the vector.
 */
#include "access.h"
#include "console.h"
#include "hypervisor/pv/bounce.h"
#include "hypervisor/pv/decode.h"
#include "hypervisor/pv/descriptor.h"
#include "x86.h"

enum {
	VECTOR_DB = 1,
	VECTOR_NMI = 2,
	VECTOR_UD = 6,
	VECTOR_NM = 7,
	VECTOR_GP = 13,
	VECTOR_PF = 14
};

#define HAS_ERROR_CODE 0x00227d00u /* 8, 10-14, 17, 21 */
#define GATE_DPL 3
#define GATE_MASKS_EVENTS 4
#define DR6_STEP (1UL << 14)
#define DR6_INITIAL 0xffff0ff0UL

/* Page-fault error code (SDM vol. 3, 4.7). */
#define PF_PRESENT 1u
#define PF_WRITE   2u
#define PF_USER    4u
#define PF_RSVD    8u
#define PF_FETCH   16u

#define ERROR_IDT 2u /* selector error code: an IDT gate's index */
#define ERROR_LDT 4u

static void inject(struct vcpu *v, uint8_t vector, bool has_error, uint32_t error)
{
	const struct trap_gate *g = &v->pv.trap[vector];

	if (unlikely(!g->address))
		gprintk(LOG_ERR, "nobody handles vector %u (error %x) at %lx\n", vector, error,
			v->regs.rip);
	bounce(v, g->address,
	       (g->flags & GATE_MASKS_EVENTS ? BOUNCE_MASK : 0) | (has_error ? BOUNCE_ERROR : 0),
	       error);
}

void pv_inject(struct vcpu *v, uint8_t vector, uint32_t error)
{
	inject(v, vector, vector < 32 && (HAS_ERROR_CODE >> vector & 1), error);
}

void pv_inject_page_fault(struct vcpu *v, uint32_t error, uint64_t cr2)
{
	v->pv.ctrlreg[2] = cr2;
	v->info->arch.cr2 = cr2;
	error &= ~PF_USER;
	if (!guest_kernel(v))
		error |= PF_USER;
	inject(v, VECTOR_PF, true, error);
}

void pv_deliver_nmi(struct vcpu *v)
{
	v->nmi_pending = false;
	if (!v->pv.trap[VECTOR_NMI].address)
		return;
	v->nmi_masked = true;
	pv_inject(v, VECTOR_NMI, 0);
}

void insn_retire(struct regs *r, unsigned len)
{
	struct vcpu *v = current;

	r->rip += len;
	r->rflags &= ~RF_RF;
	if (unlikely(r->rflags & RF_TF)) {
		v->pv.debugreg[6] |= DR6_STEP;
		pv_inject(v, VECTOR_DB, 0);
	}
}

/* A gate's DPL says who may use INT n: 3 guest user, 1 and above guest kernel. */
static bool softint_permitted(const struct vcpu *v, uint8_t vector)
{
	return (v->pv.trap[vector].flags & GATE_DPL) >= (guest_kernel(v) ? 1 : 3);
}

void pv_int_gate(struct regs *r)
{
	struct vcpu *v = current;
	uint8_t vector = (uint8_t)r->entry;

	if (softint_permitted(v, vector)) {
		inject(v, vector, false, 0);
		return;
	}
	r->rip -= 2;
	pv_inject(v, VECTOR_GP, (uint32_t)vector << 3 | ERROR_IDT);
}

/*
 * INT n of a vector without a gate for ring 3. The number is read from the instruction: QEMU's
 * error code is wrong (n * 16 + 2). True: it was one.
 */
static NOINLINE bool int_n(struct vcpu *v, struct regs *r)
{
	uint8_t code[2];

	if (copy_from_guest(code, (void *)r->rip, sizeof(code)) || code[0] != 0xcd)
		return false;
	if (softint_permitted(v, code[1])) {
		r->rip += sizeof(code);
		inject(v, code[1], false, 0);
	} else {
		pv_inject(v, VECTOR_GP, (uint32_t)code[1] << 3 | ERROR_IDT);
	}
	return true;
}

static NOINLINE void general_protection(struct vcpu *v, struct regs *r)
{
	if ((r->error_code & ERROR_IDT) && int_n(v, r))
		return;
	if (!r->error_code && emulate_privileged(r))
		return;
	pv_inject(v, VECTOR_GP, r->error_code);
}

static NOINLINE void invalid_opcode(struct vcpu *v, struct regs *r)
{
	if (!emulate_forced(r))
		pv_inject(v, VECTOR_UD, 0);
}

static NOINLINE void device_not_available(struct vcpu *v)
{
	bool ts = v->ts;

	v->ts = false;
	fpu_restore(v);
	if (ts)
		pv_inject(v, VECTOR_NM, 0);
}

/* DR6 collects until cleared: by the guest in its copy, here at once for the next guest's sake. */
static NOINLINE void debug(struct vcpu *v)
{
	uint64_t dr6;

	__asm__ volatile("mov %%dr6, %0; mov %1, %%dr6" : "=&r"(dr6) : "r"(DR6_INITIAL));
	v->pv.debugreg[6] |= dr6 & ~DR6_INITIAL;
	pv_inject(v, VECTOR_DB, 0);
}

void pv_exception(struct regs *r)
{
	struct vcpu *v = current;

	switch (r->entry) {
	case VECTOR_DB:
		debug(v);
		return;
	case VECTOR_UD:
		invalid_opcode(v, r);
		return;
	case VECTOR_NM:
		device_not_available(v);
		return;
	case VECTOR_GP:
		general_protection(v, r);
		return;
	default:
		pv_inject(v, (uint8_t)r->entry, r->error_code);
	}
}

/* A selector load touched the per-domain area: true when that is what happened. */
static bool descriptor_fault(struct vcpu *v, struct regs *r, unsigned long va)
{
	unsigned long offset = va - GDT_VIRT(v->id);

	if (va < GDT_VIRT(v->id) || offset >= VCPU_DESC_PAGES * PAGE_SIZE ||
	    (r->error_code & (PF_USER | PF_RSVD)))
		return false;
	if (offset < GDT_PAGES * PAGE_SIZE) {
		pv_inject(v, VECTOR_GP, (uint32_t)offset & ~7u);
		return true;
	}
	offset -= GDT_PAGES * PAGE_SIZE;
	if (ldt_demand(offset))
		return true;
	if (guest_range_ok((void *)(v->pv.ldt_base + offset), 1))
		pv_inject_page_fault(v, r->error_code, v->pv.ldt_base + offset);
	else
		pv_inject(v, VECTOR_GP, ((uint32_t)offset & ~7u) | ERROR_LDT);
	return true;
}

/* By choice; the hardware domain always, as stock Xen does. */
static bool writes_tables(const struct domain *d)
{
	return d == dom0 || (d->pv.vm_assist >> VMASST_TYPE_writable_pagetables & 1);
}

void pv_page_fault(struct regs *r, uint64_t cr2)
{
	struct vcpu *v = current;
	uint32_t error = r->error_code;

	if (unlikely(cr2 >= PERDOMAIN_VIRT && cr2 < HYPER_VIRT_END)) {
		if (descriptor_fault(v, r, cr2))
			return;
	} else if ((error & (PF_PRESENT | PF_WRITE | PF_RSVD | PF_FETCH)) ==
			   (PF_PRESENT | PF_WRITE) &&
		   guest_kernel(v) &&
		   ((writes_tables(v->domain) && emulate_table_write(r, cr2)) ||
		    (v->domain == dom0 && emulate_lost_write(r, cr2)))) {
		return;
	}
	pv_inject_page_fault(v, error, cr2);
}
