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

/*
 * The L1 entry, its table locked, by linear address or by machine address; false: there is none of
 * this domain's.
 */
static inline __attribute__((always_inline)) bool slot_lock(uint64_t addr, uint64_t **slot,
							     struct frame **table)
{
	struct vcpu *v = current;

	return likely(walk(v, addr, slot, table)) && likely(l1_lock(*table, v->domain->id));
}

static bool slot_lock_pte(uint64_t addr, uint64_t **slot, struct frame **table)
{
	*slot = (uint64_t *)(DIRECTMAP_VIRT + addr);
	*table = mfn_to_frame(MFN(addr >> PAGE_SHIFT));
	return !(addr & 7) && mfn_valid(MFN(addr >> PAGE_SHIFT)) &&
	       l1_lock(*table, current->domain->id);
}

static NOINLINE int refuse(uint64_t addr, const char *why)
{
	gprintk(LOG_WARNING, "grant: the entry at %lx %s\n", addr, why);
	return GNTST_general_error;
}

static inline void slot_map(uint64_t *slot, uint64_t pte, struct frame *table)
{
	uint64_t old = READ_ONCE(*slot);

	WRITE_ONCE(*slot, pte);
	if (unlikely(old & PTE_P)) {
		l1_entry_put(old);
		tlb_flush_later();
	}
	table_unlock(table);
}

int pv_grant_map(uint64_t addr, uint64_t pte)
{
	struct frame *table;
	uint64_t *slot;

	if (unlikely(!slot_lock(addr, &slot, &table)))
		return refuse(addr, "is in no page table of the domain");
	slot_map(slot, pte, table);
	return GNTST_okay;
}

int pv_grant_map_pte(uint64_t addr, uint64_t pte)
{
	struct frame *table;
	uint64_t *slot;

	if (!slot_lock_pte(addr, &slot, &table))
		return refuse(addr, "is in no page table of the domain");
	slot_map(slot, pte, table);
	return GNTST_okay;
}

/* Writes an entry that holds its ref already; false: there is no place, or not an empty one. */
static bool give_entry(uint64_t addr, uint64_t val)
{
	struct frame *table;
	uint64_t *slot;
	bool empty;

	if (!slot_lock(addr, &slot, &table))
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
	uint64_t *slot;

	if (!slot_lock(addr, &slot, &table))
		return false;
	*val = *slot;
	WRITE_ONCE(*slot, 0);
	table_unlock(table);
	return true;
}

static inline bool slot_replace(uint64_t *slot, uint64_t pte, uint64_t new, struct frame *table)
{
	bool same = !((READ_ONCE(*slot) ^ pte) & (PTE_ADDR | PTE_P | PTE_W));

	if (likely(same))
		WRITE_ONCE(*slot, new);
	table_unlock(table);
	return same;
}

int pv_grant_unmap(uint64_t addr, uint64_t pte)
{
	struct frame *table;
	uint64_t *slot;

	if (unlikely(!slot_lock(addr, &slot, &table)) ||
	    unlikely(!slot_replace(slot, pte, 0, table)))
		return refuse(addr, "is not the grant's");
	return GNTST_okay;
}

int pv_grant_unmap_replace(uint64_t addr, uint64_t pte, bool by_pte, uint64_t new_addr)
{
	struct frame *table;
	uint64_t *slot, new = 0;

	if ((by_pte && new_addr) || (new_addr && !take_entry(new_addr, &new)))
		return GNTST_general_error;
	if ((by_pte ? slot_lock_pte(addr, &slot, &table) : slot_lock(addr, &slot, &table)) &&
	    slot_replace(slot, pte, new, table))
		return GNTST_okay;
	if (new && !give_entry(new_addr, new))
		l1_entry_put(new);
	return refuse(addr, "is not the grant's");
}
