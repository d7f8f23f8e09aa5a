/* SPDX-License-Identifier: MIT */
/* Masking upcalls on this vcpu: the guest's "interrupts off". */
#pragma once

#include "guest/cpu_offsets.h"
#include "guest/types.h"

/*
 * With upcalls masked nothing else runs on this vcpu: no handler, no timer, no other thread; and
 * the caller stays on it. Other vcpus run on: what they share is guarded by a lock
 * (guest/spinlock.h), which masks too. Keep it short, and do not sleep within.
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

/*
 * A vcpu's vcpu_info is at its %gs base (guest/cpu.h). One instruction each: a thread that is
 * preempted between two may go on on another vcpu, and is unmasked there as it was here.
 */
static inline bool irq_pending(void)
{
	uint8_t pending;

	__asm__ volatile("movb %%gs:%c1, %0" : "=q"(pending) : "i"(CPU_UPCALL_PENDING) : "memory");
	return pending;
}

/* Takes an upcall that came while masked. */
void irq_force_upcall(void);

static inline bool irq_masked(void)
{
	uint8_t masked;

	__asm__ volatile("movb %%gs:%c1, %0" : "=q"(masked) : "i"(CPU_UPCALL_MASK));
	return masked;
}

static inline void irq_mask(void)
{
	__asm__ volatile("movb $1, %%gs:%c0" ::"i"(CPU_UPCALL_MASK) : "memory");
}

static inline void irq_unmask_only(void)
{
	__asm__ volatile("movb $0, %%gs:%c0" ::"i"(CPU_UPCALL_MASK) : "memory");
}

/* Xen delivers on the way out of Xen only: what became pending while masked is ours to take. */
static inline void irq_unmask(void)
{
	irq_unmask_only();
	if (unlikely(irq_pending()))
		irq_force_upcall();
}

static inline unsigned long irq_save(void)
{
	unsigned long masked = irq_masked();

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
	unsigned int id;

	__asm__ volatile("movl %%gs:%c1, %0" : "=r"(id) : "i"(CPU_ID));
	return id;
}
