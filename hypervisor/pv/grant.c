/* SPDX-License-Identifier: MIT */
/*
 * Granted frames in the current domain's page tables: entries that the grant table writes itself,
 * because the frame's owner is another domain. Once there, such an entry holds a ref like any
 * other.
 */
#include "console.h"
#include "hypervisor/pv/l1.h"
#include "hypervisor/pv/walk.h"
#include <xen/grant_table.h>

/* The L1 entry, its table locked; NULL: there is none of this domain's. */
static uint64_t *slot_lock(uint64_t addr, bool by_pte, struct frame **table)
{
	mfn_t m = MFN(addr >> PAGE_SHIFT);
	uint64_t *slot;

	if (by_pte) {
		if ((addr & 7) || !mfn_valid(m))
			return NULL;
		slot = (uint64_t *)(DIRECTMAP_VIRT + addr);
		*table = mfn_to_frame(m);
	} else {
		slot = walk(current->pv.cr3, addr, table);
		if (!slot)
			return NULL;
	}
	return l1_lock(*table, current->domain->id) ? slot : NULL;
}

int pv_grant_map(uint64_t addr, uint64_t pte, bool by_pte)
{
	struct frame *table;
	uint64_t *slot = slot_lock(addr, by_pte, &table), old;

	if (!slot) {
		gprintk(LOG_WARNING, "no L1 entry at %lx to map a grant\n", addr);
		return GNTST_general_error;
	}
	old = READ_ONCE(*slot);
	if (!(pte & PTE_U))
		pte |= PTE_U | PTE_KERNEL;
	WRITE_ONCE(*slot, pte & ~PTE_G);
	l1_entry_put(old);
	table_unlock(table);
	if (old & PTE_P)
		tlb_flush_later();
	return GNTST_okay;
}

/* Writes an entry that holds its ref already; false: there is no place, or not an empty one. */
static bool give_entry(uint64_t addr, uint64_t val)
{
	struct frame *table;
	uint64_t *slot = slot_lock(addr, false, &table);
	bool empty;

	if (!slot)
		return false;
	empty = !(*slot & PTE_P);
	if (empty)
		WRITE_ONCE(*slot, val);
	table_unlock(table);
	return empty;
}

/* The linear address's entry, with its ref; the place becomes empty. */
static bool take_entry(uint64_t addr, uint64_t *val)
{
	struct frame *table;
	uint64_t *slot = slot_lock(addr, false, &table);

	if (!slot)
		return false;
	*val = *slot;
	WRITE_ONCE(*slot, 0);
	table_unlock(table);
	return true;
}

static bool entry_maps(uint64_t e, const struct frame *f, bool readonly)
{
	return (e & PTE_P) && mfn_eq(pte_mfn(e), frame_to_mfn(f)) && !(e & PTE_W) == readonly;
}

int pv_grant_unmap(uint64_t addr, struct frame *f, bool by_pte, bool readonly, uint64_t new_addr)
{
	uint64_t *slot = NULL, new = 0;
	struct frame *table;
	int rc = GNTST_general_error;

	if ((by_pte && new_addr) || (new_addr && !take_entry(new_addr, &new)))
		return GNTST_general_error;
	slot = slot_lock(addr, by_pte, &table);
	if (slot && entry_maps(*slot, f, readonly)) {
		WRITE_ONCE(*slot, new);
		rc = GNTST_okay;
	} else {
		gprintk(LOG_WARNING, "the entry at %lx is not the grant's\n", addr);
	}
	if (slot)
		table_unlock(table);
	if (rc != GNTST_okay && new && !give_entry(new_addr, new))
		l1_entry_put(new);
	return rc;
}
