/* SPDX-License-Identifier: MIT */
/*
 * Entries of L1 tables, which map data: the path of every page that a guest maps, in line. An entry
 * holds a ref on its frame, typed writable if it has PTE_W; none on device memory, which nobody
 * owns. Here is the usual case: RAM of whom it should be, in the use that it has already. It makes
 * every check (refused bits, the frame number's range, owner, type, room in the counts) by a
 * comparison each, and one count update; what does not pass goes to entry.c, which looks again and
 * tells the error.
 */
#pragma once

#include "hypervisor/pv/table.h"

/* Whose table it is, and whose the frame must be (DOMID_IO: a device's). */
struct l1_rules {
	struct domain *d;
	domid_t from;
};

/*
 * Bits that the entry of a domain without devices must not have. All, until entry.c was asked for
 * the first time.
 */
extern uint64_t l1_refused;

/* Not an entry, as it is not present: -errno. */
#define L1_ERROR(rc) ((uint64_t)-(rc) << 1)
static inline int l1_error(uint64_t e)
{
	return -(int)(e >> 1);
}

uint64_t l1_entry_get_slow(uint64_t e, struct l1_rules r);
void l1_entry_put_slow(struct frame *f, bool writable);
/* Write where the entry must still be `old`: -EAGAIN otherwise. */
int l1_entry_replace(uint64_t *slot, uint64_t old, uint64_t entry, struct l1_rules r);

static inline uint64_t l1_complete(uint64_t e)
{
	if (!(e & PTE_U))
		e |= PTE_U | PTE_KERNEL;
	return e & ~PTE_G;
}

/*
 * Take what a present entry names: the entry with its flags completed, or L1_ERROR of what Xen
 * says.
 */
static inline __attribute__((always_inline)) uint64_t l1_entry_get(uint64_t e, struct l1_rules r)
{
	struct frame *f = mfn_to_frame(pte_mfn(e));

	if (unlikely((e & l1_refused) || !mfn_valid(pte_mfn(e))))
		return l1_entry_get_slow(e, r);
	if (e & PTE_W) {
		if (unlikely(!frame_try(f, r.from, FRAME_TYPE | FRAME_VALID,
					TYPE_WRITABLE | FRAME_VALID, FRAME_REF + FRAME_TREF)))
			return l1_entry_get_slow(e, r);
	} else if (unlikely(!frame_try(f, r.from, 0, 0, FRAME_REF))) {
		return l1_entry_get_slow(e, r);
	}
	return l1_complete(e);
}

/*
 * Any ref, the last too. With one processor (`alone`, nr_cpus == 1) nobody changes the state
 * meanwhile; with several the end of a last type ref is frame_put_typed's.
 */
static inline __attribute__((always_inline)) void l1_entry_drop(struct frame *f, bool writable,
								 bool alone)
{
	uint64_t s = __atomic_load_n(&f->state, __ATOMIC_RELAXED);
	uint64_t sub = writable ? FRAME_REF + FRAME_TREF : FRAME_REF;

	/* Without refs it is device memory: had this entry taken one, it would be there still. */
	if (unlikely(!(s & FRAME_REFS)))
		return;
	if (alone) {
		if (writable && (s & FRAME_TREFS) == FRAME_TREF)
			f->stamp = tlb_stamp();
		f->state = s - sub;
	} else {
		do
			if (writable && (s & FRAME_TREFS) == FRAME_TREF) {
				(void)frame_put_typed(f); /* never stops: no table */
				return;
			}
		while (!__atomic_compare_exchange_n(&f->state, &s, s - sub, false,
						    __ATOMIC_RELEASE, __ATOMIC_RELAXED));
	}
	if (unlikely(!((s - sub) & FRAME_REFS)))
		frame_release(f);
}

/* In line where the ref is not the last, nor the last type ref. */
static inline void l1_entry_put(uint64_t e)
{
	struct frame *f = mfn_to_frame(pte_mfn(e));
	uint64_t s;

	if (!(e & PTE_P) || !mfn_valid(pte_mfn(e)))
		return;
	s = __atomic_load_n(&f->state, __ATOMIC_RELAXED);
	if (e & PTE_W) {
		if (likely(s & FRAME_TREFS & ~FRAME_TREF) &&
		    likely(__atomic_compare_exchange_n(&f->state, &s, s - FRAME_REF - FRAME_TREF,
						       false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)))
			return;
	} else if (likely(s & FRAME_REFS & ~FRAME_REF) &&
		   likely(__atomic_compare_exchange_n(&f->state, &s, s - FRAME_REF, false,
						      __ATOMIC_RELEASE, __ATOMIC_RELAXED))) {
		return;
	}
	l1_entry_put_slow(f, e & PTE_W);
}

/*
 * Write an entry of a locked L1: two count updates and a store, fewer where the frame stays.
 * keep_ad: bits A and D of the old entry stay.
 */
static inline __attribute__((always_inline)) int
l1_entry_write(uint64_t *slot, uint64_t entry, struct l1_rules r, bool keep_ad)
{
	uint64_t old = READ_ONCE(*slot);

	if (entry & PTE_P) {
		if ((old & PTE_P) && !((old ^ entry) & ~PTE_FREE) && !(entry & l1_refused)) {
			entry_store(slot, l1_complete(entry), keep_ad);
			return 0;
		}
		entry = l1_entry_get(entry, r);
		if (unlikely(!(entry & PTE_P)))
			return l1_error(entry);
	}
	if (unlikely(keep_ad))
		entry_store(slot, entry, true);
	else
		WRITE_ONCE(*slot, entry);
	l1_entry_put(old);
	return 0;
}
