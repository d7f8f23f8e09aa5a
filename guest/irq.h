/* SPDX-License-Identifier: MIT */
/* Masking upcalls on this vcpu: the guest's "interrupts off", shorter than any lock. */
#pragma once

#include "guest/types.h"

/*
 * With upcalls masked nothing else runs on this vcpu: no handler, no timer, no other thread. It is
 * how data shared with handlers is guarded, and how the scheduler guards itself; on one vcpu it is
 * also the spin lock. Keep it short, and do not sleep within.
 */

/* Returns the state before, for irq_restore. Nests. */
static inline unsigned long irq_save(void);
static inline void irq_restore(unsigned long flags);

/* True while masked: also in every handler. */
static inline bool irq_masked(void);

/* The number of this vcpu: it may be another one as soon as upcalls are not masked. */
static inline unsigned int this_vcpu(void);

/* --- Implementation ----------------------------------------------------- */

extern struct shared_info shared_info; /* mapped over the image's own page */

#define this_vcpu_info (&shared_info.vcpu_info[0])

/* Takes an upcall that came while masked. */
void irq_force_upcall(void);

static inline bool irq_masked(void)
{
	return READ_ONCE(this_vcpu_info->evtchn_upcall_mask);
}

static inline void irq_mask(void)
{
	WRITE_ONCE(this_vcpu_info->evtchn_upcall_mask, 1);
	barrier();
}

static inline void irq_unmask(void)
{
	barrier();
	WRITE_ONCE(this_vcpu_info->evtchn_upcall_mask, 0);
	/*
	 * Xen delivers on the way out of Xen only, so what became pending while masked is ours to
	 * take.
	 */
	barrier();
	if (unlikely(READ_ONCE(this_vcpu_info->evtchn_upcall_pending)))
		irq_force_upcall();
}

static inline unsigned long irq_save(void)
{
	unsigned long masked = READ_ONCE(this_vcpu_info->evtchn_upcall_mask);

	irq_mask();
	return masked;
}

static inline void irq_restore(unsigned long flags)
{
	if (!flags)
		irq_unmask();
}

static inline unsigned int this_vcpu(void)
{
	return 0;
}
