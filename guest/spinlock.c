/* SPDX-License-Identifier: MIT */
/* The slow ways of guest/spinlock.h. With one vcpu there are none: who waits, waits for itself. */
#include "guest/panic.h"
#include "guest/spinlock.h"

void spin_lock_slow(struct spinlock *lock)
{
	panic("a lock that this vcpu holds already");
}

void spin_unlock_slow(struct spinlock *lock) {}

void spin_stats_get(struct spin_stats *stats)
{
	*stats = (struct spin_stats){ 0 };
}
