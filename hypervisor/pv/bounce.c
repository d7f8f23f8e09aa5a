/* SPDX-License-Identifier: MIT */
/*
 * Bounce frames: how exceptions, events and system calls reach the guest's kernel. On its stack lies, from the top:
 *
 *   ss rsp rflags cs rip [error code] r11 rcx
 *
 * (and for the failsafe callback gs fs es ds where an error code would be) as <xen/arch-x86/xen-x86_64.h>
 * has it: rflags.IF is the inverse of the upcall mask before, bits 32-39 of the word of cs hold that mask, and
 * cs says the interrupted mode in its RPL: 0 kernel, 3 user.
 */
#include "access.h"
#include "console.h"
#include "hypervisor/pv/bounce.h"
#include "hypervisor/pv/root.h"
#include "x86.h"
#include <xen/callback.h>

#define CLEARED_ON_ENTRY (RF_AC | RF_VM | RF_RF | RF_NT | RF_TF) /* SDM vol. 3, 6.12.1; AC for a kernel's sake */

static uint64_t guest_rflags(const struct vcpu *v, uint8_t mask)
{
	uint64_t f = v->regs.rflags & ~(RF_IF | RF_IOPL);

	if (!mask)
		f |= RF_IF;
	if (v->domain->pv.vm_assist >> VMASST_TYPE_architectural_iopl & 1)
		f |= (uint64_t)v->pv.iopl << 12;
	return f;
}

/* From the top down: what the processor would push, what the ABI puts there sometimes, r11 and rcx. The last address, 0: fault. */
static uint64_t push_frame(struct vcpu *v, uint64_t sp, uint64_t cs, unsigned flags, uint32_t error)
{
	struct regs *r = &v->regs;
	uint8_t mask = v->info->evtchn_upcall_mask;
	uint64_t top[] = { r->rip, cs | (uint64_t)mask << 32, guest_rflags(v, mask), r->rsp, (uint16_t)r->ss };
	uint64_t selectors[] = { v->pv.ds, v->pv.es, v->pv.fs, v->pv.gs };
	uint64_t bottom[] = { r->rcx, r->r11, error };

	sp = (sp & ~15UL) - sizeof(top);
	if (unlikely(copy_to_guest((void *)sp, top, sizeof(top))))
		return 0;
	if (unlikely(flags & BOUNCE_SEGMENTS)) {
		sp -= sizeof(selectors);
		if (copy_to_guest((void *)sp, selectors, sizeof(selectors)))
			return 0;
	}
	if (flags & BOUNCE_ERROR) {
		sp -= sizeof(bottom);
		return unlikely(copy_to_guest((void *)sp, bottom, sizeof(bottom))) ? 0 : sp;
	}
	sp -= 2 * sizeof(bottom[0]);
	return unlikely(copy_to_guest((void *)sp, bottom, 2 * sizeof(bottom[0]))) ? 0 : sp;
}

void bounce(struct vcpu *v, uint64_t address, unsigned flags, uint32_t error)
{
	struct regs *r = &v->regs;
	uint64_t cs = (uint16_t)r->cs & ~3UL, sp = r->rsp;

	if (unlikely(!address)) {
		domain_crash(v->domain, "no handler is registered for what happened");
		return;
	}
	if (!guest_kernel(v)) {
		root_toggle(v);
		cs = (uint16_t)r->cs;
		sp = v->pv.kernel_sp;
	}
	sp = push_frame(v, sp, cs, flags, error);
	if (unlikely(!sp)) {
		domain_crash(v->domain, "fault while a frame was pushed on the guest's stack");
		return;
	}
	if (flags & BOUNCE_MASK)
		v->info->evtchn_upcall_mask = 1;
	r->entry = ENTRY_SYSCALL;
	r->rflags &= ~CLEARED_ON_ENTRY;
	r->ss = FLAT_KERNEL_SS;
	r->rsp = sp;
	r->cs = FLAT_KERNEL_CS;
	r->rip = address;
}

void pv_upcall(struct vcpu *v)
{
	bounce(v, v->pv.event_callback, BOUNCE_MASK, 0);
}

void pv_failsafe(struct vcpu *v)
{
	unsigned masks = v->pv.callback_masks >> CALLBACKTYPE_failsafe & 1 ? BOUNCE_MASK : 0;

	bounce(v, v->pv.failsafe_callback, masks | BOUNCE_SEGMENTS, 0);
}

void pv_syscall_user(struct regs *r)
{
	struct vcpu *v = current;
	bool compat = r->cs != FLAT_USER_CS64;
	unsigned type = compat ? CALLBACKTYPE_syscall32 : CALLBACKTYPE_syscall;

	if (compat && !v->pv.syscall32_callback) {
		r->rip -= 2;
		pv_inject(v, 6, 0);
		return;
	}
	bounce(v, compat ? v->pv.syscall32_callback : v->pv.syscall_callback,
	       v->pv.callback_masks >> type & 1 ? BOUNCE_MASK : 0, 0);
	r->rflags &= ~RF_DF;
}
