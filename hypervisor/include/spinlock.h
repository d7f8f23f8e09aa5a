/* SPDX-License-Identifier: MIT */
/*
 * Ticket spinlocks. The hypervisor runs with interrupts off, so there is no irq-saving form.
 * A processor that waits serves the requests of others meanwhile (cpu_serve: TLB flush, stop),
 * else two processors that wait for each other would wait for ever.
 */
#pragma once

#include "types.h"

typedef struct spinlock {
	uint16_t next, owner;
} spinlock_t;

void cpu_serve(void); /* x86/cpu.c: answer other processors' requests to this one */

static inline void spin_lock(spinlock_t *l)
{
	uint16_t me = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);

	while (__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != me)
		cpu_serve();
}

static inline void spin_unlock(spinlock_t *l)
{
	__atomic_store_n(&l->owner, (uint16_t)(l->owner + 1), __ATOMIC_RELEASE);
}

static inline bool spin_trylock(spinlock_t *l)
{
	uint16_t owner = __atomic_load_n(&l->owner, __ATOMIC_RELAXED), expect = owner;

	return __atomic_compare_exchange_n(&l->next, &expect, (uint16_t)(owner + 1), false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}
