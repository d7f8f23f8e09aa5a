/* SPDX-License-Identifier: MIT */
/* What the files of pv/ share about page tables. Levels are 1 to 4; L1 maps data. */
#pragma once

#include "pv.h"
#include "x86.h"

#define TABLE_ENTRIES 512
/* A supervisor page of the guest; PTE_U is set as well, both halves run in ring 3. */
#define PTE_KERNEL (1UL << 52)

/*
 * frame.done: entries below the index hold their refs; CHILD: the entry at the index holds a plain
 * ref.
 */
#define DONE_INDEX 0x3ff
#define DONE_CHILD 0x8000

static inline unsigned type_level(uint64_t type)
{
	return (unsigned)(type >> FRAME_TYPE_SHIFT);
}
static inline bool type_is_table(uint64_t type)
{
	return type - TYPE_L1 <= TYPE_L4 - TYPE_L1;
}
static inline bool slot_is_hyper(unsigned level, unsigned i)
{
	return level == 4 && i >= L4_HYPER_FIRST && i <= L4_HYPER_LAST;
}

/*
 * table.c: a whole frame's content. 0, -ERESTART, or an error with frame.done != 0 when refs are
 * left to drop.
 */
int table_validate(struct frame *f, uint64_t type);
int table_devalidate(struct frame *f, uint64_t type); /* 0, -ERESTART */

/* entry.c: one entry of L2-L4, and what is rare about L1's. */
int upper_entry_get(uint64_t *entry, struct frame *table, unsigned level);
int upper_entry_put(uint64_t entry, struct frame *table); /* 0, -ERESTART: a plain ref is left */
bool upper_entry_counts(uint64_t entry, struct frame *table); /* it holds a ref */
int upper_entry_write(uint64_t *slot, uint64_t entry, struct frame *table, bool keep_ad);
void entry_store(uint64_t *slot, uint64_t entry, bool keep_ad);

/* Bits of an unchanged present entry that need no look at the frame. */
#define PTE_FREE (PTE_U | PTE_A | PTE_D | PTE_G | PTE_AVAIL | 0x7ffUL << 52 | PTE_NX)

/* type.c */
uint64_t table_lock(struct frame *f, domid_t owner);
bool l1_lock_slow(struct frame *f, domid_t owner);
int old_table_finish_slow(void);
/* Takes over the type ref and ref of f, drops them now or leaves the rest to old_table_finish. */
void table_put_later(struct frame *f);

/*
 * Finish what this vcpu's earlier operation left. 0, -ERESTART. Every hypercall that may change
 * types begins so.
 */
static inline int old_table_finish(void)
{
	return unlikely(current->pv.old_table) ? old_table_finish_slow() : 0;
}

/*
 * The lock makes changes of one table's entries one after the other, and keeps it a table: who
 * drops the last type ref waits until it is free (frame_put_typed), so the lock itself needs none.
 * Under it nobody drops a type ref of that very table, but of those one level down; there no ring
 * of waiting can arise.
 *
 * table_lock returns TYPE_L1..L4; 0: it is no validated table of owner's. l1_lock: only an L1 will
 * do. What is VALID as a table has type refs: the bit goes before the last one does.
 */
static inline bool l1_lock(struct frame *f, domid_t owner)
{
	if (unlikely(!frame_try(f, owner, FRAME_TYPE | FRAME_VALID | FRAME_LOCKED,
				TYPE_L1 | FRAME_VALID, FRAME_LOCKED)))
		return l1_lock_slow(f, owner);
	if (LOCKCHECK)
		lockcheck_take_bit(LOCK_TABLE, f, true);
	return true;
}

static inline void table_unlock(struct frame *f)
{
	if (LOCKCHECK)
		lockcheck_give_bit(f);
	__atomic_and_fetch(&f->state, ~FRAME_LOCKED, __ATOMIC_RELEASE);
}

/* walk.c: what maps va through the current vcpu's kernel root; false: there is no L1. */
bool walk_kernel_pte(unsigned long va, uint64_t *pte);
