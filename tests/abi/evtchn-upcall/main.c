/* SPDX-License-Identifier: MIT */
/* Rule: no upcall while they are masked; one as soon as a hypercall ends with them unmasked. */
/* as: dom0, domU */
#include "../kit/kit.h"

static ulong frame_rflags, frame_mask, frame_cs;

static bool note(struct cpu_user_regs *regs)
{
	if (regs->entry_vector == TRAP_EVENT) {
		frame_rflags = regs->rflags;
		frame_mask = regs->saved_upcall_mask;
		frame_cs = regs->cs;
	}
	return false;
}

static void user_waits(void)
{
	while (!upcall_count)
		;
	user_syscall(upcall_count);
}

TEST
{
	unsigned int port = event_self(), timer = event_virq(VIRQ_TIMER);

	trap_hook = note;
	hypercall(vcpu_op, VCPUOP_stop_periodic_timer, 0);
	event_clear(timer);
	event_send(port);
	hypercall(xen_version, XENVER_version);
	check("upcalls while masked", upcall_count, 0);
	vcpu->evtchn_upcall_mask = 0;
	barrier();
	check("unmasking alone does nothing", upcall_count, 0);
	hypercall(xen_version, XENVER_version);
	check("the next hypercall does", upcall_count, 1);
	check("saved upcall mask", frame_mask, 0);
	check("interrupt flag in the frame", frame_rflags & 0x200, 0x200);
	check("cs", frame_cs, FLAT_KERNEL_CS & ~3);
	check("upcall mask after", vcpu->evtchn_upcall_mask, 0);
	check("send with upcalls on", event_send(port), 0);
	check("upcalls", upcall_count, 2);
	events_off();
	event_send(port);
	check("upcalls", upcall_count, 2);
	check("sched_op block unmasks", hypercall(sched_op, SCHEDOP_block), 0);
	check("upcalls", upcall_count, 3);
	check("upcall mask", vcpu->evtchn_upcall_mask, 0);

	upcall_count = 0;
	check("a timer in 20 ms", hypercall(set_timer_op, time_now() + 20 * MS), 0);
	check("user mode is interrupted", user_run(user_waits, 0, 0x200), 1);
	check("cs", frame_cs, FLAT_USER_CS64 | 3);
	check("the timer's port", event_count[timer], 1);
	events_off();
}
