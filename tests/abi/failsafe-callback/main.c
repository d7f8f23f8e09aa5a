/* SPDX-License-Identifier: MIT */
/* Rule: a selector that went bad while the vcpu was away makes its failsafe callback run. */
#include "../kit/kit.h"

#define DESCRIPTOR_DATA3 0x00cff2000000ffffUL

static bool failsafe(struct cpu_user_regs *regs)
{
	if (regs->entry_vector != TRAP_FAILSAFE)
		return false;
	box.value[0]++;
	box.value[1] = failsafe_selectors[2] & 0xffff;
	box.value[2] = vcpu->evtchn_upcall_mask;
	box.value[3] = regs->saved_upcall_mask;
	return true;
}

static void lose_selector(void)
{
	uint64_t *table = page_alloc(), end;

	table[0] = DESCRIPTOR_DATA3;
	va_protect(table, PTE_RO);
	trap_hook = failsafe;
	mmuext(MMUEXT_SET_LDT, (ulong)table, 1);
	events_on();
	__asm__ volatile("mov %k0, %%fs" : : "r"(0x07));
	mmuext(MMUEXT_SET_LDT, 0, 0);
	for (end = time_now() + 3000 * MS; !box.value[0] && time_now() < end;)
		hypercall(sched_op, SCHEDOP_yield);
	__asm__ volatile("mov %%fs, %0" : "=r"(box.value[4]));
}

TEST
{
	static struct peer peer;

	/* With a processor for each the vcpu would never be away. */
	bind_to(0, 0);
	peer_create(&peer, 1);
	peer_build(&peer, lose_selector);
	bind_to(peer.id, 0);
	peer_unpause(&peer);
	check("the peer ends", peer_wait(&peer, 9000), SHUTDOWN_poweroff);
	check("failsafe callbacks", peer.box->value[0], 1);
	check("fs in its frame", peer.box->value[1], 0x07);
	check("upcall mask inside it, without its mask flag", peer.box->value[2], 0);
	check("upcall mask before", peer.box->value[3], 0);
	check("fs afterwards", peer.box->value[4] & 0xffff, 0);
}
