/* SPDX-License-Identifier: MIT */
/*
 * Page tables of a new PV domain: four levels, entries by machine frame, all for ring 3 (SDM vol.
 * 3, 4.5).
 */
#include "dom0/tables.h"

#include <stddef.h>

#define PRESENT	 0x001ULL
#define WRITE	 0x002ULL
#define USER	 0x004ULL
#define ACCESSED 0x020ULL
#define DIRTY	 0x040ULL
#define TABLE	 (PRESENT | WRITE | USER | ACCESSED | DIRTY)
#define PAGE	 (PRESENT | WRITE | USER | ACCESSED | DIRTY)
#define PAGE_RO	 (PRESENT | USER | ACCESSED)

#define L1_SPAN (1ULL << 21)

void tables_init(struct tables *t)
{
	t->next = t->first + 1;
	t->last_va = UINT64_MAX;
	t->last_l1 = NULL;
}

static uint64_t *table_at(const struct tables *t, uint64_t pfn)
{
	return (uint64_t *)(t->memory + (pfn << PAGE_SHIFT));
}

/*
 * The table below entry `index`, a new one if there is none. Entries hold machine frames, so the
 * pfn is kept in a parallel search: tables are few, and the newest is the likeliest.
 */
static uint64_t *descend(struct tables *t, uint64_t *table, unsigned int index)
{
	uint64_t mfn;

	if (!(table[index] & PRESENT)) {
		table[index] = t->p2m[t->next] << PAGE_SHIFT | TABLE;
		return table_at(t, t->next++);
	}
	mfn = table[index] >> PAGE_SHIFT;
	for (uint64_t pfn = t->next; pfn-- > t->first;)
		if (t->p2m[pfn] == mfn)
			return table_at(t, pfn);
	return NULL;
}

void tables_map(struct tables *t, uint64_t va, uint64_t pfn)
{
	bool is_table = pfn - t->first < t->count;

	if (va / L1_SPAN != t->last_va / L1_SPAN || !t->last_l1) {
		uint64_t *table = table_at(t, t->first);

		for (unsigned int level = 3; level >= 1; level--)
			table = descend(t, table, va >> (PAGE_SHIFT + 9 * level) & 511);
		t->last_l1 = table;
		t->last_va = va;
	}
	t->last_l1[va >> PAGE_SHIFT & 511] =
		t->p2m[pfn] << PAGE_SHIFT | (is_table ? PAGE_RO : PAGE);
}
