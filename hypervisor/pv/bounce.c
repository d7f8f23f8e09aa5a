/* SPDX-License-Identifier: MIT */
/*
 * Bounce frames: how exceptions, events and system calls reach the guest's kernel. On its stack
 * lies, from the top:
 *
 *   ss rsp rflags cs rip [error code] r11 rcx
 *
 * (and for the failsafe callback gs fs es ds where an error code would be) as
 * <xen/arch-x86/xen-x86_64.h> has it: rflags.IF is the inverse of the upcall mask before, bits
 * 32-39 of the word of cs hold that mask, and cs says the interrupted mode in its RPL: 0 kernel, 3
 * user.
 */
#include "access.h"
#include "console.h"
#include "hypervisor/pv/bounce.h"
#include "hypervisor/pv/root.h"
#include "x86.h"
#include <xen/callback.h>

/* SDM vol. 3, 6.12.1; AC for a kernel's sake. */
#define CLEARED_ON_ENTRY (RF_AC | RF_VM | RF_RF | RF_NT | RF_TF)

static uint64_t guest_rflags(const struct vcpu *v, uint8_t mask)
{
	uint64_t f = v->regs.rflags & ~(RF_IF | RF_IOPL);

	if (!mask)
		f |= RF_IF;
	if (v->domain->pv.vm_assist >> VMASST_TYPE_architectural_iopl & 1)
		f |= (uint64_t)v->pv.iopl << 12;
	return f;
}

/* The frame's address, or 0: it does not fit there. */
static uint64_t push_frame(struct vcpu *v, uint64_t sp, uint64_t cs, unsigned flags, uint32_t error)
{
	const struct regs *r = &v->regs;
	uint8_t mask = v->info->evtchn_upcall_mask;
	size_t size =
		7 * 8 + (flags & BOUNCE_ERROR ? 8 : 0) + (flags & BOUNCE_SEGMENTS ? 4 * 8 : 0);
	uint64_t base = (sp & ~15UL) - size;
	guest_u64 *at = (guest_u64 *)base;

	if (unlikely(!guest_range_ok(at, size)))
		return 0;
	guest_open();
	guest_store(at++, r->rcx, fault);
	guest_store(at++, r->r11, fault);
	if (flags & BOUNCE_ERROR)
		guest_store(at++, (uint64_t)error, fault);
	if (unlikely(flags & BOUNCE_SEGMENTS)) {
		guest_store(at++, (uint64_t)v->pv.ds, fault);
		guest_store(at++, (uint64_t)v->pv.es, fault);
		guest_store(at++, (uint64_t)v->pv.fs, fault);
		guest_store(at++, (uint64_t)v->pv.gs, fault);
	}
	guest_store(at++, r->rip, fault);
	guest_store(at++, cs | (uint64_t)mask << 32, fault);
	guest_store(at++, guest_rflags(v, mask), fault);
	guest_store(at++, r->rsp, fault);
	guest_store(at, (uint64_t)(uint16_t)r->ss, fault);
	guest_close();
	return base;
fault:
	guest_close();
	return 0;
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
