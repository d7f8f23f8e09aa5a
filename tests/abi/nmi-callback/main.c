/* SPDX-License-Identifier: MIT */
/*
 * Rule: an NMI enters the handler that was registered, upcalls masked, and the next one waits for
 * the iret hypercall; without a handler it is lost.
 */
/* as: dom0, domU */
#include "../kit/kit.h"
#include <xen/nmi.h>

#define TRAP_nmi 2

static volatile unsigned int nmis, depth, deepest;
static ulong mask_inside, mask_saved, selector, cs_saved;
static unsigned int again; /* how many more an NMI's handler sends */
static long sent;

static long send_nmi(unsigned int id)
{
	return hypercall(vcpu_op, VCPUOP_send_nmi, id, 0);
}

static bool note(struct cpu_user_regs *regs)
{
	if (regs->entry_vector != TRAP_nmi)
		return false;
	nmis++;
	depth++;
	if (depth > deepest)
		deepest = depth;
	mask_inside = vcpu->evtchn_upcall_mask;
	mask_saved = regs->saved_upcall_mask;
	cs_saved = regs->cs;
	__asm__ volatile("mov %%cs, %0" : "=r"(selector));
	if (again) {
		again--;
		sent = send_nmi(0);
		sent |= send_nmi(0);
	}
	depth--;
	return true;
}

static void user_nmi(void)
{
	while (nmis < 5)
		;
	user_syscall(7);
}

/* Something that happens while user mode runs: a timer's event sends the NMI. */
static bool note_in_user(struct cpu_user_regs *regs)
{
	static bool done;

	if (regs->entry_vector == TRAP_EVENT && (regs->cs & 3) && !done) {
		done = true;
		send_nmi(0);
	}
	return note(regs);
}

static long register_by_callback(ulong address)
{
	struct callback_register op = { .type = CALLBACKTYPE_nmi, .address = address };

	return hypercall(callback_op, CALLBACKOP_register, &op);
}

TEST
{
	struct xennmi_callback cb = { .handler_address = trap_stub(TRAP_nmi) };
	struct vcpu_set_singleshot_timer timer = { 0 };
	unsigned int port;

	trap_hook = note;
	check("register", hypercall(nmi_op, XENNMI_register_callback, &cb), 0);
	check("send_nmi", send_nmi(0), 0);
	check("NMIs", nmis, 1);
	check("upcall mask inside", mask_inside, 1);
	check("upcall mask before", mask_saved, vcpu->evtchn_upcall_mask);
	check("cs of the frame, ring 0 in the guest's eyes", cs_saved & 3, 0);
	events_on();
	check("send_nmi, upcalls welcome", send_nmi(0), 0);
	check("NMIs", nmis, 2);
	check("upcall mask inside", mask_inside, 1);
	check("upcall mask before", mask_saved, 0);
	check("upcall mask after", vcpu->evtchn_upcall_mask, 0);
	events_off();

	again = 1;
	check("send_nmi, and two more inside", send_nmi(0) | sent, 0);
	check("NMIs: the two were one", nmis, 4);
	check("which waited for the end of the first", deepest, 1);

	trap_hook = note_in_user;
	port = event_virq(VIRQ_TIMER);
	timer.timeout_abs_ns = time_now() + 20 * MS;
	check("a timer", hypercall(vcpu_op, VCPUOP_set_singleshot_timer, 0, &timer), 0);
	check("user mode sees it", user_run(user_nmi, 0, 0), 7);
	check("NMIs", nmis, 5);
	events_off();
	event_close(port);
	trap_hook = note;

	check("send_nmi to a vcpu that is not there", send_nmi(77), -XEN_ENOENT);
	check("with an argument", hypercall(vcpu_op, VCPUOP_send_nmi, 0, &cb), -XEN_EINVAL);
	check("a handler that is not canonical", register_by_callback(VA_NONCANONICAL),
	      -XEN_EINVAL);
	cb.handler_address = VA_NONCANONICAL;
	check("the same by nmi_op", hypercall(nmi_op, XENNMI_register_callback, &cb), -XEN_EINVAL);
	check("from an unmapped pointer", hypercall(nmi_op, XENNMI_register_callback, VA_UNMAPPED),
	      -XEN_EFAULT);
	check("sub-op 2", hypercall(nmi_op, 2, 0), -XEN_ENOSYS);
	check("send_nmi, to the old handler", send_nmi(0), 0);
	check("NMIs", nmis, 6);
	check("unregister", hypercall(nmi_op, XENNMI_unregister_callback, 0), 0);
	check("send_nmi", send_nmi(0), 0);
	check("NMIs", nmis, 6);
	check("register by callback_op", register_by_callback(trap_stub(TRAP_nmi)), 0);
	check("NMIs: the one without a handler is lost", nmis, 6);
	check("send_nmi", send_nmi(0), 0);
	check("NMIs", nmis, 7);
}
