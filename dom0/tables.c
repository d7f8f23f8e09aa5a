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
#define NX	 (1ULL << 63)

#define ENTRIES 512ULL

void tables_init(struct tables *t)
{
	t->next = t->first + 1;
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

static uint64_t *l1_of(struct tables *t, uint64_t va)
{
	uint64_t *table = table_at(t, t->first);

	for (unsigned int level = 3; level >= 1; level--)
		table = descend(t, table, va >> (PAGE_SHIFT + 9 * level) & 511);
	return table;
}

/* The first pfn from `pfn` on that asks for other flags; *flags: what this one has. */
static uint64_t flags_of(const struct tables *t, uint64_t pfn, uint64_t *flags)
{
	const uint64_t borders[] = { t->data, t->first, t->first + t->count };
	uint64_t next = UINT64_MAX;

	*flags = pfn - t->first < t->count ? PAGE_RO : PAGE;
	if (pfn >= t->data)
		*flags |= NX;
	for (unsigned int i = 0; i < ARRAY_SIZE(borders); i++)
		if (borders[i] > pfn)
			next = MIN(next, borders[i]);
	return next;
}

void tables_map(struct tables *t, uint64_t va, uint64_t pfn, uint64_t count)
{
	uint64_t end = pfn + count, flags;

	while (pfn < end) {
		uint64_t index = va >> PAGE_SHIFT & (ENTRIES - 1);
		uint64_t stop = MIN(flags_of(t, pfn, &flags), MIN(end, pfn + ENTRIES - index));
		uint64_t *entry = l1_of(t, va) + index;

		va += (stop - pfn) << PAGE_SHIFT;
		for (; pfn < stop; pfn++)
			*entry++ = t->p2m[pfn] << PAGE_SHIFT | flags;
	}
}
