/* SPDX-License-Identifier: MIT */
/*
 * The linear map. The domain builder maps the image and what it put behind it, in pages of any
 * right; we map the rest, and then give each page the rights that it needs:
 *
 *	VIRT_BASE	text		read, execute
 *			rodata		read
 *			data, bss	read, write
 *			module, p2m, start_info, console and store pages	read, write
 *			page tables	read
 *			free memory	read, write
 */
#include "guest/hypercall.h"
#include "guest/init.h"
#include "guest/page.h"
#include "guest/pagetable.h"
#include "guest/panic.h"
#include "guest/irq.h"
#include "guest/start.h"
#include "lib/string.h"

#define TABLE_PAGES 512

/* Pages that are mapped, free and not handed out: [bump, mapped). */
static pfn_t bump, mapped;

/*
 * Memory for tables before there is an allocator. Mapping two more megabytes takes one page of
 * what is mapped already, and the builder leaves at least 512 KiB, so this never runs dry.
 */
static void *bump_alloc_zero(void)
{
	void *page;

	if (bump.n >= mapped.n)
		return NULL;
	page = pfn_to_virt(bump);
	bump.n++;
	return memset(page, 0, PAGE_SIZE);
}

static uint64_t pfn_end(unsigned long va, size_t bytes)
{
	return va >= VIRT_BASE ? ROUND_UP(va + bytes - VIRT_BASE, PAGE_SIZE) >> PAGE_SHIFT : 0;
}

/* Behind everything that the builder placed. What it placed ends with the page tables as a rule. */
static pfn_t first_free(void)
{
	uint64_t end = pfn_end((unsigned long)image_end, 0);
	pfn_t pfn;

	end = MAX(end, pfn_end(start_info.pt_base, start_info.nr_pt_frames * PAGE_SIZE));
	end = MAX(end, pfn_end(start_info.mfn_list, start_info.nr_pages * sizeof(xen_pfn_t)));
	if (start_info.mod_len)
		end = MAX(end, pfn_end(start_info.mod_start, start_info.mod_len));
	if (!is_initdomain()) {
		pfn = mfn_to_pfn(MFN(start_info.console.domU.mfn));
		if (!pfn_eq(pfn, PFN_NONE))
			end = MAX(end, pfn.n + 1);
		pfn = mfn_to_pfn(MFN(start_info.store_mfn));
		if (start_info.store_mfn && !pfn_eq(pfn, PFN_NONE))
			end = MAX(end, pfn.n + 1);
	}
	return PFN(end);
}

/* The first page from `first` on whose entry has not these bits so; else `end`. */
static pfn_t run_end(pfn_t first, uint64_t end, uint64_t bits, uint64_t wanted)
{
	const uint64_t *entry = NULL;
	uint64_t pfn = first.n;

	for (; pfn < end; pfn++, entry++) {
		if (!entry || !(pfn % TABLE_PAGES))
			entry = pagetable_entries(pfn_to_virt(PFN(pfn)));
		if (!entry || (READ_ONCE(*entry) & bits) != wanted)
			break;
	}
	return PFN(pfn);
}

static uint64_t linear_pte(size_t index, const void *first)
{
	pfn_t pfn = pfn_add(*(const pfn_t *)first, index);

	return pte_make(pfn_to_mfn(pfn), PTE_RW);
}

/* A table that does not exist yet is filled before it is hung up: one check of Xen's for all. */
static int map_table(pfn_t first, size_t count)
{
	uint64_t *table;
	size_t i;
	int err;

	if (pagetable_present(pfn_to_virt(first), 1))
		return pte_set_batch(pfn_to_virt(first), count, linear_pte, &first, DOMID_SELF);
	err = pagetable_make(pfn_to_virt(first), 2, bump_alloc_zero);
	if (err)
		return err;
	table = bump_alloc_zero();
	if (!table)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		table[i] = linear_pte(i, &first);
	return pagetable_insert(table, pfn_to_virt(first), 1);
}

/* For the p2m of a domain that may grow. */
static void make_room(void)
{
	uint64_t count = p2m_limit();
	size_t pages = DIV_ROUND_UP(count * sizeof(xen_pfn_t), PAGE_SIZE);

	if (count == p2m_pages())
		return;
	if (pages > mapped.n - bump.n)
		panic("no memory left: %lu pages for a list of those that may come", pages);
	p2m_move(pfn_to_virt(bump), count);
	bump.n += pages;
	p2m_publish();
}

pfn_t linear_init(void)
{
	uint64_t end = start_info.nr_pages;

	bump = first_free();
	mapped = run_end(bump, end, PTE_PRESENT, PTE_PRESENT);
	while (mapped.n < end) {
		/* VIRT_BASE is a multiple of what a table covers. */
		size_t count = MIN(TABLE_PAGES - mapped.n % TABLE_PAGES, end - mapped.n);
		int err = map_table(mapped, count);

		if (err)
			panic("cannot map memory from page %lu on: error %d", mapped.n, err);
		mapped.n += count;
	}
	make_room();
	return bump;
}

/* --- Rights ------------------------------------------------------------- */

static uint64_t right_of(unsigned long va)
{
	unsigned long tables = start_info.pt_base;

	if (va < (unsigned long)rodata_start)
		return PTE_RX;
	if (va < (unsigned long)data_start)
		return PTE_RO;
	if (va >= tables && va < tables + start_info.nr_pt_frames * PAGE_SIZE)
		return PTE_RO;
	return PTE_RW;
}

/* Pages of one table, and their entries. */
struct part {
	pfn_t first;
	const uint64_t *entries;
};

/* What the entry of page `index` shall be; unchanged where somebody has chosen already. */
static uint64_t protected_pte(size_t index, const void *arg)
{
	const struct part *part = arg;
	uint64_t now = part->entries[index];
	pfn_t pfn = pfn_add(part->first, index);

	/* shared_info lies over a page of ours; tables that we made are read-only already. */
	if (pfn.n == virt_to_pfn(&shared_info).n || (now & PTE_PRESENT && now & PTE_NX))
		return now;
	return pte_make(pfn_to_mfn(pfn), right_of((unsigned long)pfn_to_virt(pfn)));
}

/* What we mapped ourselves is not executable; the builder's mappings end where that begins. */
void linear_protect(pfn_t first)
{
	pfn_t end = run_end(first, start_info.nr_pages, PTE_NX, 0);
	uint64_t pfn;

	for (pfn = 0; pfn < end.n; pfn += TABLE_PAGES) {
		char *va = pfn_to_virt(PFN(pfn));
		const struct part part = { PFN(pfn), pagetable_entries(va) };
		int err = pte_set_batch(va, MIN(end.n - pfn, (uint64_t)TABLE_PAGES), protected_pte,
					&part, DOMID_SELF);

		if (err)
			panic("cannot protect memory: error %d", err);
	}
	pagetable_flush();
}
