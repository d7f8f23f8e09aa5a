/* SPDX-License-Identifier: MIT */
/* What the files of pv/ share about page tables. Levels are 1 to 4; L1 maps data. */
#pragma once

#include "pv.h"
#include "x86.h"

#define TABLE_ENTRIES 512
#define PTE_KERNEL (1UL << 52) /* the guest's supervisor page: PTE_U is set as well, both halves run in ring 3 */

/* frame.done: entries below the index hold their refs; CHILD: the entry at the index holds a plain ref. */
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

/* table.c: a whole frame's content. 0, -ERESTART, or an error with frame.done != 0 when refs are left to drop. */
int table_validate(struct frame *f, uint64_t type);
int table_devalidate(struct frame *f, uint64_t type); /* 0, -ERESTART */

/*
 * entry.c: one entry. get takes the refs for a present entry and completes its flags; `d` owns the table, the
 * frame it names must be `from`'s (a domid, DOMID_IO for devices). Errors as Xen gives.
 */
int l1_entry_get(uint64_t *entry, struct domain *d, domid_t from);
void l1_entry_put(uint64_t entry);
int upper_entry_get(uint64_t *entry, struct frame *table, unsigned level);
int upper_entry_put(uint64_t entry, struct frame *table); /* 0, -ERESTART: a plain ref is left */
bool upper_entry_counts(uint64_t entry, struct frame *table); /* it holds a ref */

/*
 * Write one entry of a locked table, with all that follows for counts. `d` owns the table.
 * keep_ad: bits A and D of the old entry stay.
 */
int l1_entry_write(uint64_t *slot, uint64_t entry, struct domain *d, domid_t from, bool keep_ad);
/* The same where the entry must still be `old`: -EAGAIN otherwise. */
int l1_entry_replace(uint64_t *slot, uint64_t old, uint64_t entry, struct domain *d);
int upper_entry_write(uint64_t *slot, uint64_t entry, struct frame *table, bool keep_ad);

/* type.c */
uint64_t table_lock(struct frame *f, domid_t owner); /* its TYPE_L1..L4, with refs; 0: no validated table of owner's */
void table_unlock(struct frame *f);
/* Finish what this vcpu's earlier operation left. 0, -ERESTART. Every hypercall that may change types begins so. */
int old_table_finish(void);
/* Takes over the type ref and ref of f, drops them now or leaves the rest to old_table_finish. */
void table_put_later(struct frame *f);

/* walk.c: what maps va in the current vcpu's kernel or user root (as it runs). */
uint64_t *walk_l1(unsigned long va, mfn_t *table); /* the L1 entry of va; NULL: none */
bool walk_kernel_pte(unsigned long va, uint64_t *pte); /* through the kernel root; false: no L1 */
