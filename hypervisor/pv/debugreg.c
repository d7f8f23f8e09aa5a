/* SPDX-License-Identifier: MIT */
/*
 * A guest's debug registers (SDM vol. 3, 17.2). They are in the processor while DR7 enables
 * something, but DR6, which collects in the guest's copy: the processor's is as after reset between
 * two traps (pv/trap.c). A breakpoint can only be set on the guest's own addresses.
 */
#include "access.h"
#include "hypervisor/pv/context.h"
#include "x86.h"

#define CR4_DE    (1UL << 3)
#define DR6_ONE   0xffff0ff0UL
#define DR6_KEEP  0xffffefffUL
#define DR7_ONE   0x400UL
#define DR7_KEEP  0xffff27ffUL
#define DR7_GD    (1UL << 13)
#define DR7_ACTIVE 0xffUL
#define DR7_RW_IO 2

static void load(struct vcpu *v, unsigned reg)
{
	uint64_t val = v->pv.debugreg[reg];

	if (v != current)
		return;
	switch (reg) {
	case 0:
		__asm__ volatile("mov %0, %%dr0" ::"r"(val));
		break;
	case 1:
		__asm__ volatile("mov %0, %%dr1" ::"r"(val));
		break;
	case 2:
		__asm__ volatile("mov %0, %%dr2" ::"r"(val));
		break;
	case 3:
		__asm__ volatile("mov %0, %%dr3" ::"r"(val));
		break;
	case 7:
		__asm__ volatile("mov %0, %%dr7" ::"r"(val));
		break;
	}
}

static int set_control(struct vcpu *v, uint64_t val)
{
	bool was_active = v->pv.debugreg[7] & DR7_ACTIVE;
	unsigned i;

	if (val >> 32)
		return -EINVAL;
	val = (val & DR7_KEEP) | DR7_ONE;
	if (val & DR7_GD)
		return -EPERM;
	/* Breakpoints on I/O: a guest's I/O is ours. */
	for (i = 0; i < 4 && (val & DR7_ACTIVE); i++)
		if ((val >> (16 + i * 4) & 3) == DR7_RW_IO) {
			if (!(v->pv.ctrlreg[4] & CR4_DE))
				return -EPERM;
			val &= ~(3UL << i * 2);
		}
	v->pv.debugreg[7] = val;
	for (i = 0; i < 4 && !was_active && (val & DR7_ACTIVE); i++)
		load(v, i);
	load(v, 7);
	return 0;
}

int debugreg_set(struct vcpu *v, unsigned reg, uint64_t val)
{
	switch (reg) {
	case 0 ... 3:
		if (!guest_range_ok((void *)val, 8))
			return -EPERM;
		v->pv.debugreg[reg] = val;
		load(v, reg);
		return 0;
	case 4:
		if (v->pv.ctrlreg[4] & CR4_DE)
			return -ENODEV;
		/* fall through */
	case 6:
		if (val >> 32)
			return -EINVAL;
		v->pv.debugreg[6] = (val & DR6_KEEP) | DR6_ONE;
		return 0;
	case 5:
		if (v->pv.ctrlreg[4] & CR4_DE)
			return -ENODEV;
		/* fall through */
	case 7:
		return set_control(v, val);
	default:
		return -ENODEV;
	}
}

long do_set_debugreg(int reg, unsigned long val)
{
	return debugreg_set(current, (unsigned)reg, val);
}

long do_get_debugreg(int reg)
{
	struct pv_vcpu *p = &current->pv;

	switch (reg) {
	case 0 ... 3:
	case 6:
	case 7:
		return (long)p->debugreg[reg];
	case 4:
	case 5:
		return p->ctrlreg[4] & CR4_DE ? -ENODEV : (long)p->debugreg[reg + 2];
	default:
		return -ENODEV;
	}
}
