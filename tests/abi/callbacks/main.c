/* SPDX-License-Identifier: MIT */
/* Rule: callback_op and set_callbacks bind the three callbacks, masking upcalls or not. */
/* as: dom0, domU */
#include "../kit/kit.h"

static unsigned int upcalls;
static ulong mask_seen;

static bool note(struct cpu_user_regs *regs)
{
	if (regs->entry_vector == TRAP_EVENT) {
		upcalls++;
		mask_seen = vcpu->evtchn_upcall_mask;
	}
	return false;
}

static long callback(unsigned int type, unsigned int flags, ulong address)
{
	struct callback_register op = { .type = type, .flags = flags, .address = address };

	return hypercall(callback_op, CALLBACKOP_register, &op);
}

static long unregister(unsigned int type)
{
	struct callback_unregister op = { .type = type };

	return hypercall(callback_op, CALLBACKOP_unregister, &op);
}

static void user_syscalls(void)
{
	user_syscall(5);
}

TEST
{
	unsigned int port = event_self();

	trap_hook = note;
	check("event", callback(CALLBACKTYPE_event, 0, trap_stub(TRAP_EVENT)), 0);
	events_on();
	event_send(port);
	check("upcalls", upcalls, 1);
	check("upcall mask inside, always set", mask_seen, 1);
	check("upcall mask after", vcpu->evtchn_upcall_mask, 0);
	events_off();
	check("syscall, masking",
	      callback(CALLBACKTYPE_syscall, CALLBACKF_mask_events, trap_stub(TRAP_SYSCALL)), 0);
	check("a syscall", user_run(user_syscalls, 0, 0), 5);
	check("upcall mask inside", trap.upcall_mask, 1);
	check("syscall, not masking", callback(CALLBACKTYPE_syscall, 0, trap_stub(TRAP_SYSCALL)),
	      0);
	check("a syscall", user_run(user_syscalls, 0, 0), 5);
	check("upcall mask inside", trap.upcall_mask, 0);
	events_off();
	check("failsafe",
	      callback(CALLBACKTYPE_failsafe, CALLBACKF_mask_events, trap_stub(TRAP_FAILSAFE)), 0);
	check("event, not canonical", callback(CALLBACKTYPE_event, 0, VA_NONCANONICAL),
	      -XEN_EINVAL);
	check("type 99", callback(99, 0, 0), -XEN_ENOSYS);
	check("unregister event", unregister(CALLBACKTYPE_event), -XEN_EINVAL);
	check("unregister syscall", unregister(CALLBACKTYPE_syscall), -XEN_EINVAL);
	check("unregister nmi", unregister(CALLBACKTYPE_nmi), 0);
	check("unregister type 99", unregister(99), -XEN_ENOSYS);
	check("sub-op 2", hypercall(callback_op, 2, 0), -XEN_ENOSYS);
	check("set_callbacks, event's not canonical: left out, not told",
	      hypercall(set_callbacks, VA_NONCANONICAL, trap_stub(TRAP_FAILSAFE),
			trap_stub(TRAP_SYSCALL)),
	      0);
	events_on();
	event_send(port);
	check("upcalls, by the old callback", upcalls, 2);
	events_off();
	check("set_callbacks",
	      hypercall(set_callbacks, trap_stub(TRAP_EVENT), trap_stub(TRAP_FAILSAFE),
			trap_stub(TRAP_SYSCALL)),
	      0);
	events_on();
	event_send(port);
	check("upcalls", upcalls, 3);
}
