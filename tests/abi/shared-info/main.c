/* SPDX-License-Identifier: MIT */
/* Rule: a domain sees only its own shared page; what it writes there is its own affair. */
/* as: dom0, domU */
#include "../kit/kit.h"

TEST
{
	ulong frame = start_info->shared_info / PAGE_SIZE;
	char *again = page_alloc();
	volatile struct shared_info *second = (struct shared_info *)again;

	check("mapping the shared page a second time",
	      va_map(again, start_info->shared_info | PTE_KERN), 0);
	shared->arch.nmi_reason = 0x55;
	check("both are the same", second->arch.nmi_reason, 0x55);
	shared->arch.nmi_reason = 0;
	check("pinning it", mmuext(MMUEXT_PIN_L1_TABLE, frame, 0), -XEN_EINVAL);
	memset((void *)&second->vcpu_info[1], 0xff, sizeof(struct vcpu_info) * 31);
	memset((void *)second->evtchn_mask, 0xff, sizeof(second->evtchn_mask));
	check("junk in it harms nobody: yield", hypercall(sched_op, SCHEDOP_yield), 0);
	check("and the clock still runs", time_now() > 0, 1);
}
