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

/*
 * What an L1 entry may be: bits that it must not have, whose table it is, whose the frame must be
 * (DOMID_IO: a device's).
 */
struct l1_rules {
	uint64_t refused;
	struct domain *d;
	domid_t from;
};
void l1_rules_set(struct l1_rules *r, struct domain *d, domid_t from);
int l1_entry_get_slow(uint64_t *entry, const struct l1_rules *r);
/* Write where the entry must still be `old`: -EAGAIN otherwise. */
int l1_entry_replace(uint64_t *slot, uint64_t old, uint64_t entry, const struct l1_rules *r);
void entry_store(uint64_t *slot, uint64_t entry, bool keep_ad);

/* Bits of an unchanged present entry that need no look at the frame. */
#define PTE_FREE (PTE_U | PTE_A | PTE_D | PTE_G | PTE_AVAIL | 0x7ffUL << 52 | PTE_NX)

static inline uint64_t l1_complete(uint64_t e)
{
	if (!(e & PTE_U))
		e |= PTE_U | PTE_KERNEL;
	return e & ~PTE_G;
}

/*
 * Take what a present entry names, complete its flags: 0, or an error as Xen gives it. One count
 * update.
 */
static inline int l1_entry_get(uint64_t *entry, const struct l1_rules *r)
{
	uint64_t e = *entry, s, add = FRAME_REF;
	struct frame *f = mfn_to_frame(pte_mfn(e));

	if (unlikely((e & r->refused) || !mfn_valid(pte_mfn(e))))
		return l1_entry_get_slow(entry, r);
	s = __atomic_load_n(&f->state, __ATOMIC_RELAXED);
	if (e & PTE_W) {
		add += FRAME_TREF;
		if (unlikely((s & (FRAME_TYPE | FRAME_VALID)) != (TYPE_WRITABLE | FRAME_VALID)))
			return l1_entry_get_slow(entry, r);
	}
	if (unlikely(!frame_ref_ok(s) || f->owner != r->from ||
		     !__atomic_compare_exchange_n(&f->state, &s, s + add, false, __ATOMIC_ACQUIRE,
						  __ATOMIC_RELAXED)))
		return l1_entry_get_slow(entry, r);
	*entry = l1_complete(e);
	return 0;
}

static inline void l1_entry_put(uint64_t e)
{
	struct frame *f = mfn_to_frame(pte_mfn(e));
	uint64_t s, sub = e & PTE_W ? FRAME_REF + FRAME_TREF : FRAME_REF;

	if (!(e & PTE_P) || !mfn_valid(pte_mfn(e)))
		return;
	s = __atomic_load_n(&f->state, __ATOMIC_RELAXED);
	/* Without refs it is device memory: had this entry taken one, it would be there still. */
	if (unlikely(!(s & FRAME_REFS)))
		return;
	do
		if (unlikely((s & FRAME_TREFS) == FRAME_TREF))
			f->stamp = tlb_stamp();
	while (!__atomic_compare_exchange_n(&f->state, &s, s - sub, false, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED));
	if (unlikely(!((s - sub) & FRAME_REFS)))
		frame_release(f);
}

/*
 * Write an entry of a locked L1: two count updates and a store, fewer where the frame stays.
 * keep_ad: bits A and D of the old entry stay.
 */
static inline int l1_entry_write(uint64_t *slot, uint64_t entry, const struct l1_rules *r,
				 bool keep_ad)
{
	uint64_t old = READ_ONCE(*slot);
	int rc;

	if (entry & PTE_P) {
		if ((old & PTE_P) && !((old ^ entry) & ~PTE_FREE) && !(entry & r->refused)) {
			entry_store(slot, l1_complete(entry), keep_ad);
			return 0;
		}
		rc = l1_entry_get(&entry, r);
		if (unlikely(rc))
			return rc;
	}
	if (unlikely(keep_ad))
		entry_store(slot, entry, true);
	else
		WRITE_ONCE(*slot, entry);
	l1_entry_put(old);
	return 0;
}

/* type.c */
uint64_t table_lock_slow(struct frame *f, domid_t owner);
void table_unlock_slow(struct frame *f);
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
 * The lock makes changes of one table's entries one after the other, and holds a type ref, so that
 * the table stays one. Returns its TYPE_L1..L4; 0: it is no validated table of owner's.
 */
static inline uint64_t table_lock(struct frame *f, domid_t owner)
{
	uint64_t s = __atomic_load_n(&f->state, __ATOMIC_RELAXED);
	uint64_t new = (s | FRAME_LOCKED) + FRAME_REF + FRAME_TREF;

	if (unlikely((s & (FRAME_VALID | FRAME_LOCKED)) != FRAME_VALID || !(s & FRAME_TREFS) ||
		     !type_is_table(s & FRAME_TYPE) || f->owner != owner || !frame_ref_ok(s) ||
		     !__atomic_compare_exchange_n(&f->state, &s, new, false, __ATOMIC_ACQUIRE,
						  __ATOMIC_RELAXED)))
		return table_lock_slow(f, owner);
	return new & FRAME_TYPE;
}

static inline void table_unlock(struct frame *f)
{
	uint64_t s = __atomic_load_n(&f->state, __ATOMIC_RELAXED);

	if (unlikely((s & FRAME_TREFS) == FRAME_TREF ||
		     !__atomic_compare_exchange_n(&f->state, &s,
						  (s & ~FRAME_LOCKED) - FRAME_REF - FRAME_TREF,
						  false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)))
		table_unlock_slow(f);
}

/* walk.c: what maps va in the current vcpu's kernel or user root (as it runs). */
uint64_t *walk_l1(unsigned long va, mfn_t *table); /* the L1 entry of va; NULL: none */
bool walk_kernel_pte(unsigned long va, uint64_t *pte); /* through the kernel root; false: no L1 */
