/* SPDX-License-Identifier: MIT */
/*
 * The iret hypercall: back from a bounce frame, to guest user or guest kernel. The usual return to
 * guest kernel is made by do_iret (x86/direct.S), the rest comes here. It replaces the frame of the
 * vcpu, so it says WORK_FRAME and the exit loads everything from there. What the guest asks for is
 * made harmless here only as far as privilege goes; a selector or an address that iretq refuses
 * gives the guest its fault there (x86/entry.S).
 */
#include "access.h"
#include "console.h"
#include "hypervisor/pv/bounce.h"
#include "hypervisor/pv/root.h"

long iret_full(void)
{
	struct vcpu *v = current;
	struct regs *r = &v->regs;
	struct iret_context c;

	if (unlikely(copy_from_guest(&c, (void *)r->rsp, sizeof(c)))) {
		domain_crash(v->domain, "fault while the iret frame was read at %lx", r->rsp);
		return 0;
	}
	if (unlikely((c.cs & 3) == 3 && mfn_is_none(v->pv.user_root))) {
		domain_crash(v->domain, "switches to user mode without user page tables");
		return 0;
	}
	if (v->domain->pv.vm_assist >> VMASST_TYPE_architectural_iopl & 1)
		v->pv.iopl = (uint8_t)(c.rflags >> 12 & 3);
	r->rip = c.rip;
	r->cs = (uint16_t)c.cs | 3;
	r->rflags = (c.rflags & ~(RF_IOPL | RF_VM)) | RF_IF;
	r->rsp = c.rsp;
	r->ss = (uint16_t)c.ss | 3;
	r->rax = c.rax;
	if (c.flags & VGCF_in_syscall) {
		/* As sysret leaves them. */
		r->entry = ENTRY_SYSCALL;
		r->rcx = c.rip;
		r->r11 = r->rflags;
	} else {
		r->entry = 0; /* leave by iretq */
		r->rcx = c.rcx;
		r->r11 = c.r11;
	}
	v->info->evtchn_upcall_mask = !(c.rflags & RF_IF);
	v->nmi_masked = false;
	cpu_work(this_cpu(), v->nmi_pending ? WORK_FRAME | WORK_NMI : WORK_FRAME);
	if ((c.cs & 3) == 3)
		root_toggle(v);
	return 0;
}
