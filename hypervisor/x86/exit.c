/* SPDX-License-Identifier: MIT */
/*
 * What waits before a guest goes on, in the order that lets each find the effects of the ones
 * before.
 */
#include "domain.h"
#include "evtchn.h"
#include "local.h"
#include "pv.h"
#include "sched.h"

static uint32_t take(struct cpu *c, uint32_t bits)
{
	return __atomic_fetch_and(&c->work, ~bits, __ATOMIC_SEQ_CST) & bits;
}

static NOINLINE void for_others(struct cpu *c, uint32_t work)
{
	if (work & WORK_KICKS)
		cpu_kicks_send();
	if (work & WORK_QUIET)
		quiet_pass(c);
}

/* On return the frame of `current`, a guest's, is what the processor may load. */
void exit_work(void)
{
	struct cpu *c = this_cpu();

	if (LOCKCHECK)
		lockcheck_none();
	for (;;) {
		uint32_t work = take(c, ~0u);

		if (work & WORK_FLUSH)
			tlb_flush_local();
		if (unlikely(work & (WORK_QUIET | WORK_KICKS)))
			for_others(c, work);
		if (work & WORK_TIMER)
			timer_run();
		if (work & (WORK_RESCHED | WORK_CRASH) || c->vcpu->is_idle) {
			sched_run();
			continue;
		}
		if (c->work)
			continue;
		if (c->vcpu->nmi_pending && !c->vcpu->nmi_masked)
			pv_deliver_nmi(c->vcpu);
		if (c->vcpu->info->evtchn_upcall_pending && !c->vcpu->info->evtchn_upcall_mask)
			pv_upcall(c->vcpu);
		if (!c->work)
			return;
	}
}
