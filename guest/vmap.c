/* SPDX-License-Identifier: MIT */
/*
 * Address space beside the linear map. Behind it lie the heap, as large as memory, and then the
 * areas that are given out here, one page of the bitmap for each page of space. An unmapped page
 * stays between any two areas:
 *
 *	VIRT_BASE	linear map	p2m_pages()
 *	heap_base	heap		p2m_pages(), rounded up
 *	area_base	areas		AREA_PAGES + p2m_pages()
 *
 * The three share their upper page tables, which keeps the least memory small.
 */
#include "guest/hypercall.h"
#include "guest/init.h"
#include "guest/page.h"
#include "guest/pagetable.h"
#include "guest/panic.h"
#include "guest/spinlock.h"
#include "guest/start.h"
#include "lib/bitops.h"

#define TABLE_SPAN (PAGE_SIZE * 512)
#define AREA_PAGES 32768UL /* as many as one page of bitmap tells */

uintptr_t heap_base, heap_limit;

static uintptr_t area_base;
static size_t area_pages;
static SPINLOCK(lock);
static unsigned long *area_used; /* lock */
static size_t area_full;         /* lock; below it not one page fits between two others */

void vmap_init(void)
{
	size_t pages = p2m_pages();
	unsigned int order;

	heap_base = ROUND_UP(VIRT_BASE + (pages + 1) * PAGE_SIZE, TABLE_SPAN);
	heap_limit = heap_base + pages * PAGE_SIZE;
	area_base = ROUND_UP(heap_limit + PAGE_SIZE, TABLE_SPAN);
	area_pages = ROUND_UP(pages, AREA_PAGES);
	order = page_order(area_pages / 8);
	area_used = page_alloc_zero(order);
	if (!area_used)
		panic("no memory for the map of address space");
}

/*
 * First fit of count clear bits between two more, which stay clear; area_pages if there is no
 * room.
 */
static size_t area_find(size_t count)
{
	size_t start = bitmap_next_clear(area_used, area_pages, area_full);

	while (start + count + 2 <= area_pages) {
		size_t end = bitmap_next(area_used, start + count + 2, start);

		if (end - start >= count + 2) {
			if (count == 1)
				area_full = start;
			return start + 1;
		}
		start = bitmap_next_clear(area_used, area_pages, end);
	}
	return area_pages;
}

/* Tables are made here, so that mapping later cannot fail for want of memory. */
void *vmap_reserve(size_t pages)
{
	unsigned long flags;
	size_t start;
	void *va;

	if (!pages || pages >= area_pages)
		return NULL;
	flags = spin_lock_save(&lock);
	start = area_find(pages);
	if (start < area_pages)
		bitmap_set_range(area_used, start, pages);
	spin_unlock_restore(&lock, flags);
	if (start >= area_pages)
		return NULL;
	va = (void *)(area_base + start * PAGE_SIZE);
	if (pagetable_cover(va, pages)) {
		vmap_release(va, pages);
		return NULL;
	}
	return va;
}

bool vmap_contains(const void *va, size_t pages)
{
	size_t start = ((uintptr_t)va - area_base) >> PAGE_SHIFT;

	return start < area_pages && pages <= area_pages - start;
}

void vmap_release(void *va, size_t pages)
{
	size_t start = ((uintptr_t)va - area_base) >> PAGE_SHIFT;
	unsigned long flags;

	if (!va)
		return;
	ASSERT(vmap_contains(va, pages));
	flags = spin_lock_save(&lock);
	bitmap_clear_range(area_used, start, pages);
	/* The gap that grew begins behind the area before, which may lie two pages lower. */
	area_full = MIN(area_full, start > 2 ? start - 2 : 0);
	spin_unlock_restore(&lock, flags);
}

/* --- Mapping ------------------------------------------------------------ */

static void unmap_pages(void *va, size_t pages)
{
	int err = pte_clear_batch(va, pages);

	ASSERT(!err);
}

void vmap_unmap(void *va, size_t pages)
{
	if (!va)
		return;
	unmap_pages(va, pages);
	vmap_release(va, pages);
}

static uint64_t pte_foreign(size_t index, const void *mfns)
{
	return pte_make(MFN(((const xen_pfn_t *)mfns)[index]), PTE_RW);
}

static int map_singly(char *va, domid_t domid, const xen_pfn_t *mfns, int *errs, size_t count)
{
	size_t i;
	int first = 0;

	for (i = 0; i < count; i++) {
		int err = pte_set_batch(va + i * PAGE_SIZE, 1, pte_foreign, &mfns[i], domid);

		if (err && !first)
			first = err;
		if (errs)
			errs[i] = err;
		else if (err)
			break;
	}
	return first;
}

void *vmap_foreign(domid_t domid, const xen_pfn_t *mfns, int *errs, size_t count)
{
	void *va = vmap_reserve(count);
	size_t i;

	if (!va)
		return NULL;
	if (!pte_set_batch(va, count, pte_foreign, mfns, domid)) {
		for (i = 0; errs && i < count; i++)
			errs[i] = 0;
		return va;
	}
	/* Page by page, to tell which are to blame. Setting an entry again is harmless. */
	if (map_singly(va, domid, mfns, errs, count) && !errs) {
		vmap_unmap(va, count);
		return NULL;
	}
	return va;
}

static uint64_t pte_io(size_t index, const void *maddr)
{
	return pte_make(MFN((*(const uint64_t *)maddr >> PAGE_SHIFT) + index),
			PTE_RW | PTE_PCD | PTE_PWT);
}

static size_t io_pages(uint64_t address, size_t bytes)
{
	return DIV_ROUND_UP((address & (PAGE_SIZE - 1)) + bytes, PAGE_SIZE);
}

void *vmap_io(uint64_t maddr, size_t bytes)
{
	size_t pages = io_pages(maddr, bytes);
	char *va = vmap_reserve(pages);

	if (!va)
		return NULL;
	if (pte_set_batch(va, pages, pte_io, &maddr, DOMID_IO)) {
		vmap_unmap(va, pages);
		return NULL;
	}
	return va + (maddr & (PAGE_SIZE - 1));
}

void vmap_io_unmap(void *va, size_t bytes)
{
	if (va)
		vmap_unmap((void *)ROUND_DOWN((uintptr_t)va, PAGE_SIZE),
			   io_pages((uintptr_t)va, bytes));
}

static uint64_t pte_own(size_t index, const void *pfns)
{
	return pte_make(pfn_to_mfn(((const pfn_t *)pfns)[index]), PTE_RW);
}

/* --- Fresh memory, page by page ----------------------------------------- */

/* Pages need not be contiguous, so this works until the very last one. */
int vmap_populate(void *va, size_t count)
{
	pfn_t pfns[PTE_BATCH];
	size_t done = 0, n, i;

	while (done < count) {
		char *at = (char *)va + done * PAGE_SIZE;

		n = MIN(count - done, (size_t)PTE_BATCH);
		for (i = 0; i < n; i++) {
			void *page = page_alloc(0);

			if (!page)
				break;
			pfns[i] = virt_to_pfn(page);
		}
		if (i < n || pagetable_cover(at, n) ||
		    pte_set_batch(at, n, pte_own, pfns, DOMID_SELF)) {
			while (i--)
				page_free(pfn_to_virt(pfns[i]), 0);
			vmap_depopulate(va, done);
			return -ENOMEM;
		}
		done += n;
	}
	return 0;
}

static pfn_t virt_to_any_pfn(const void *va)
{
	unsigned long flags = irq_save();
	pfn_t pfn = mfn_to_pfn(virt_to_mfn(va));

	irq_restore(flags);
	return pfn;
}

void vmap_depopulate(void *va, size_t count)
{
	pfn_t pfns[PTE_BATCH];
	size_t done = 0, n, i;

	while (done < count) {
		char *at = (char *)va + done * PAGE_SIZE;

		n = MIN(count - done, (size_t)PTE_BATCH);
		for (i = 0; i < n; i++)
			pfns[i] = virt_to_any_pfn(at + i * PAGE_SIZE);
		unmap_pages(at, n);
		for (i = 0; i < n; i++)
			if (!pfn_eq(pfns[i], PFN_NONE))
				page_free(pfn_to_virt(pfns[i]), 0);
		done += n;
	}
}
