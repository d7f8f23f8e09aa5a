/* SPDX-License-Identifier: MIT */
/*
 * Segment bases and the kernel stack, FPU trap flag.
 *
 * While a vcpu runs the processor has its bases: FS, GS of the mode that runs, and in the shadow GS
 * of the other mode (swapgs at each switch of mode). A hypercall comes from guest kernel mode, so
 * GS is the kernel's.
 */
#include "hypervisor/pv/descriptor.h"
#include "hypervisor/pv/table.h"

bool load_gs(uint16_t sel); /* x86/access.S */

static bool canonical(unsigned long a)
{
	return (unsigned long)((long)(a << 16) >> 16) == a;
}

static NOINLINE long set_other_base(unsigned which, unsigned long base)
{
	uint16_t sel = (uint16_t)base;

	if (which == SEGBASE_GS_USER_SEL) {
		/*
		 * The hidden base is that of the descriptor; for a null selector it is zeroed first
		 * (AMD keeps it).
		 */
		sel = sel > 3 ? selector_fix(sel) : sel;
		__asm__ volatile("swapgs");
		(void)load_gs(FLAT_RING3_DS32);
		(void)load_gs(sel);
		__asm__ volatile("swapgs");
		return 0;
	}
	if (!canonical(base))
		return -EINVAL;
	switch (which) {
	case SEGBASE_GS_USER:
		write_gs_shadow(base);
		return 0;
	case SEGBASE_GS_KERNEL:
		write_gs_base(base);
		return 0;
	default:
		return -EINVAL;
	}
}

long do_set_segment_base(unsigned which, unsigned long base)
{
	if (unlikely(which != SEGBASE_FS))
		return set_other_base(which, base);
	if (unlikely(!canonical(base)))
		return -EINVAL;
	write_fs_base(base);
	return 0;
}

long do_stack_switch(unsigned long ss, unsigned long sp)
{
	struct vcpu *v = current;

	v->pv.kernel_ss = selector_fix(ss);
	v->pv.kernel_sp = sp;
	return 0;
}

long do_fpu_taskswitch(int set)
{
	struct vcpu *v = current;

	v->ts = set;
	stts_if_needed(v);
	return 0;
}
