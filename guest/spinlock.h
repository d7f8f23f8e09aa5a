/* SPDX-License-Identifier: MIT */
/*
 * Locks for data that several vcpus share, handlers among them: taken with upcalls masked, held for
 * a few instructions, never while sleeping. For longer work a mutex (guest/lock.h).
 *
 * A vcpu that holds one may itself lose its processor at any moment, so nobody spins for long:
 * after a bounded number of looks a waiter sleeps in Xen until the lock is released. There is no
 * queue, since a queue's head may be a vcpu without a processor: who comes by while the lock is
 * free takes it.
 *
 * Order. A lock is taken only while holding those further up:
 *
 *	a driver's, the console's, a socket's	what these files say among themselves
 *	gnttab, file table, event channels	each alone
 *	a wait queue				guest/wait.h
 *	a vcpu's threads, a vcpu's timers	guest/cpu.h
 *	page tables, then pages			guest/pagetable.c, guest/page.c
 */
#pragma once

#include "guest/irq.h"
#include "guest/types.h"

struct spinlock {
	uint16_t state;	 /* SPIN_FREE, SPIN_HELD, SPIN_WAITED */
	uint16_t holder; /* vcpu + 1 while held: a lock of our own that we wait for is a bug */
};

#define SPINLOCK_INIT  ((struct spinlock){ 0 })
#define SPINLOCK(name) struct spinlock name = SPINLOCK_INIT

/* Masks upcalls and takes the lock. Returns the state before the masking, for the counterpart. */
static inline unsigned long spin_lock_save(struct spinlock *lock);
static inline void spin_unlock_restore(struct spinlock *lock, unsigned long flags);

/* The same where upcalls are masked anyway: in handlers, and within another lock. */
static inline void spin_lock(struct spinlock *lock);
static inline bool spin_trylock(struct spinlock *lock);
static inline void spin_unlock(struct spinlock *lock);

/* Does this vcpu hold it? Masked; for assertions, and for locks that nest. */
static inline bool spin_held(const struct spinlock *lock);

/*
 * In a loop of looks at a lock, with the number of the look. An emulator leaves the guest's code
 * for each PAUSE, and takes a lock of its own for it: so it comes now and then.
 */
static inline void spin_pause(unsigned int look);

/* How often, over all vcpus, a lock was waited for, slept for in Xen, and a sleeper woken. */
struct spin_stats {
	uint64_t waits, polls, kicks;
};

void spin_stats_get(struct spin_stats *stats);

/* At a panic: the holders stand still, so nobody waits for them any more. */
void spin_give_up(void);

/* --- Implementation ----------------------------------------------------- */

enum { SPIN_FREE, SPIN_HELD, SPIN_WAITED };

void spin_lock_slow(struct spinlock *lock);
void spin_unlock_slow(struct spinlock *lock);

#define LOOKS_A_PAUSE 32

static inline void spin_pause(unsigned int look)
{
	if (look % LOOKS_A_PAUSE == LOOKS_A_PAUSE - 1)
		__builtin_ia32_pause();
}

static inline bool spin_trylock(struct spinlock *lock)
{
	uint16_t state = SPIN_FREE;

	if (!__atomic_compare_exchange_n(&lock->state, &state, SPIN_HELD, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_RELAXED))
		return false;
	lock->holder = (uint16_t)(this_vcpu() + 1);
	return true;
}

static inline void spin_lock(struct spinlock *lock)
{
	if (unlikely(!spin_trylock(lock)))
		spin_lock_slow(lock);
}

/* One exchange: whoever takes the lock next may free the memory that it lies in. */
static inline void spin_unlock(struct spinlock *lock)
{
	WRITE_ONCE(lock->holder, 0);
	if (unlikely(__atomic_exchange_n(&lock->state, SPIN_FREE, __ATOMIC_SEQ_CST) == SPIN_WAITED))
		spin_unlock_slow(lock);
}

static inline unsigned long spin_lock_save(struct spinlock *lock)
{
	unsigned long flags = irq_save();

	spin_lock(lock);
	return flags;
}

static inline void spin_unlock_restore(struct spinlock *lock, unsigned long flags)
{
	spin_unlock(lock);
	irq_restore(flags);
}

static inline bool spin_held(const struct spinlock *lock)
{
	return READ_ONCE(lock->holder) == this_vcpu() + 1;
}
