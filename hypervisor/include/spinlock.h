/* SPDX-License-Identifier: MIT */
/*
 * Ticket spinlocks. The hypervisor runs with interrupts off, so there is no irq-saving form.
 * A processor that waits serves the requests of others meanwhile (cpu_serve: TLB flush, stop),
 * else two processors that wait for each other would wait for ever.
 */
#pragma once

#include "types.h"

/*
 * The order: who holds a lock waits only for locks of later classes; of the same class only for
 * event channels' of another domain, that at the lower address first, and for a second grant's of
 * one table, that of the lower reference first. A trylock waits for nobody and is free of it.
 * build/lamina-checked looks at it with each lock (core/lockcheck.c).
 */
enum lock_class {
	LOCK_NONE, /* forgotten: not allowed */
	LOCK_CONTROL, /* domctl; only tried */
	LOCK_DOMAIN, /* domain.lock */
	LOCK_UNMAP, /* grant_table.unmap_lock */
	LOCK_TABLE, /* a page table's own bit, FRAME_LOCKED */
	LOCK_EVTCHN, /* evtchn_table.lock */
	LOCK_PIRQ,
	LOCK_PCI,
	LOCK_IOAPIC,
	LOCK_IOMAP,
	LOCK_GRANT, /* grant_table.lock */
	LOCK_RANGE, /* rangeset.lock */
	LOCK_FRAMES, /* domain.frames_lock */
	LOCK_CPUPOOL, /* cpupool.lock */
	LOCK_RUNQUEUE,
	LOCK_CAP, /* domain.cap_lock */
	LOCK_TIMER,
	LOCK_DOMAINS, /* the list of domains */
	LOCK_QUIET,
	LOCK_HEAP,
	LOCK_BLOCK, /* free frames */
	LOCK_FIFO, /* evtchn_fifo.lock */
	LOCK_ACTIVE, /* a pinned grant's own bit, ACTIVE_LOCKED */
	LOCK_INPUT, /* the console's */
	LOCK_LOG,
};

typedef struct spinlock {
	uint32_t next, owner; /* tickets; from 0 on: how often it was asked for and given back */
	/* The holder's, for core/lockprof.c: how often somebody waited, how long in TSC ticks. */
	uint32_t blocked;
	uint8_t class;
	uint64_t waited;
	uint32_t counted_from; /* `owner` when the statistic was reset */
} spinlock_t;

#define SPINLOCK(class_) { .class = class_ }
static inline void spin_init(spinlock_t *l, enum lock_class class)
{
	*l = (spinlock_t)SPINLOCK((uint8_t)class);
}

void cpu_serve(void); /* x86/cpu.c: answer other processors' requests to this one */
void spin_wait(spinlock_t *l, uint32_t me); /* core/lockprof.c: until it is the ticket's turn */

/* core/lockcheck.c; wait: a ticket, not a trylock. They stop the machine with who holds what. */
void lockcheck_take(const spinlock_t *l, bool wait);
void lockcheck_give(const spinlock_t *l);
/* The same for a lock that is a bit of something else. */
void lockcheck_take_bit(enum lock_class class, const void *of, bool wait);
void lockcheck_give_bit(const void *of);
void lockcheck_none(void); /* between two operations nothing is held */

static inline void spin_lock(spinlock_t *l)
{
	uint32_t me = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);

	if (LOCKCHECK)
		lockcheck_take(l, true);
	if (unlikely(__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != me))
		spin_wait(l, me);
}

static inline void spin_unlock(spinlock_t *l)
{
	if (LOCKCHECK)
		lockcheck_give(l);
	__atomic_store_n(&l->owner, l->owner + 1, __ATOMIC_RELEASE);
}

static inline bool spin_trylock(spinlock_t *l)
{
	uint32_t owner = __atomic_load_n(&l->owner, __ATOMIC_RELAXED), expect = owner;

	if (!__atomic_compare_exchange_n(&l->next, &expect, owner + 1, false, __ATOMIC_ACQUIRE,
					 __ATOMIC_RELAXED))
		return false;
	if (LOCKCHECK)
		lockcheck_take(l, false);
	return true;
}

/* A lock of which there is one, for the statistic: LOCK_NAMED(pool.lock, frames). */
struct lock_row {
	const char *name;
	spinlock_t *lock;
};
#define LOCK_NAMED(lock_, name_)                        \
	static const struct lock_row lock_row_##name_   \
		__attribute__((used, section(".locks"), \
			       aligned(8))) = { #name_, &(lock_) }
