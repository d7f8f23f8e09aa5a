/* SPDX-License-Identifier: MIT */
/*
 * Rule: what a debug trap told a domain stays until it is cleared, while another domain runs and
 * has debug traps, too; and that one is not told of it.
 */
#include "../kit/kit.h"

#define TF 0x100

static ulong target[4] ALIGNED(16);

static bool on_step(struct cpu_user_regs *regs)
{
	if (regs->entry_vector != TRAP_db)
		return false;
	box.value[0]++;
	box.value[1] |= hypercall(get_debugreg, 6);
	regs->rflags &= ~TF;
	return true;
}

static void peer_steps(void)
{
	trap_hook = on_step;
	hypercall(set_debugreg, 6, 0);
	for (unsigned int i = 0; i < 20; i++) {
		__asm__ volatile("pushf\n\torl %0, (%%rsp)\n\tpopf\n\tnop" : : "i"(TF) : "memory");
		hypercall(sched_op, SCHEDOP_yield);
	}
	box.value[2] = hypercall(get_debugreg, 7);
}

TEST
{
	static struct peer peer;

	check("dr0", hypercall(set_debugreg, 0, target), 0);
	check("dr6", hypercall(set_debugreg, 6, 0), 0);
	check("dr7: write breakpoint of 8 bytes at dr0", hypercall(set_debugreg, 7, 0x90003), 0);
	check("a write to it", attempt("movq $1, %0", : "=m"(target[0])), TRAP_db);
	peer_start(&peer, 1, peer_steps);
	check("a peer ends", peer_wait(&peer, 20000), SHUTDOWN_poweroff);
	check("its steps", peer.box->value[0], 20);
	check("its dr6 has none but steps", peer.box->value[1], 0xffff4ff0);
	check("its dr7", peer.box->value[2], 0x400);
	check("dr6 here still tells of dr0", hypercall(get_debugreg, 6) & 0xf, 1);
	check("a write once more", attempt("movq $2, %0", : "=m"(target[0])), TRAP_db);
	check("dr7 off", hypercall(set_debugreg, 7, 0), 0);
}
