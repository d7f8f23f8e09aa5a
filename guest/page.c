/* SPDX-License-Identifier: MIT */
/*
 * The buddy allocator. A free block of 2^order pages is aligned to its size; its first page holds
 * the list node, and one byte per page that the domain may get says whether a free block begins
 * there and how big it is. That byte is all that the allocator keeps: 1 KiB for each 4 MiB.
 *
 * The buddy of a block is its neighbour with which it makes an aligned block of twice the size:
 * their numbers differ in the bit of the order. Freeing page 6 of eight, when 7 is free and 4-5
 * is a free pair: 6 and 7 become 6-7 (order 1), whose buddy is 4-5: 4-7 (order 2), whose buddy
 * 0-3 is in use. One look at one byte each time.
 *
 * Single pages come and go by the thousand, with every packet, so the last few that were freed stay
 * as they are, loose, for the next to take; when a larger block is wanted and there is none, they
 * are merged like the others.
 */
#include "guest/init.h"
#include "guest/page.h"
#include "guest/panic.h"
#include "guest/spinlock.h"
#include "guest/start.h"
#include "guest/vmap.h"
#include "lib/bitops.h"
#include "lib/list.h"
#include "lib/string.h"

#define NOT_FREE  0xff
#define LOOSE	  0xfe
#define LOOSE_MAX 64U

static SPINLOCK(lock); /* takes no other within */

/* All with the lock. */
static struct list free_blocks[PAGE_ORDER_MAX + 1];
static uint8_t *free_order; /* by pfn: the order of the free block that begins there, or NOT_FREE */
static size_t free_pages;	     /* the loose ones, too */
static struct list loose = LIST_INIT(loose);
static unsigned int loose_count;

static size_t total_pages; /* atomic: what the balloon has is not counted */

static void block_insert(uint64_t pfn, unsigned int order)
{
	free_order[pfn] = (uint8_t)order;
	list_push_front(&free_blocks[order], pfn_to_virt(PFN(pfn)));
}

static void block_remove(uint64_t pfn)
{
	free_order[pfn] = NOT_FREE;
	list_remove(pfn_to_virt(PFN(pfn)));
}

/* Joins a block with its buddy while that is free, too. */
static void block_merge(uint64_t pfn, unsigned int order)
{
	for (; order < PAGE_ORDER_MAX; order++) {
		uint64_t buddy = pfn ^ (1UL << order);

		if (buddy >= p2m_pages() || free_order[buddy] != order)
			break;
		block_remove(buddy);
		pfn &= ~(1UL << order);
	}
	block_insert(pfn, order);
}

static void loose_put(uint64_t pfn)
{
	free_order[pfn] = LOOSE;
	list_push_front(&loose, pfn_to_virt(PFN(pfn)));
	loose_count++;
}

static uint64_t loose_take(void)
{
	uint64_t pfn = virt_to_pfn(list_pop_front(&loose)).n;

	free_order[pfn] = NOT_FREE;
	loose_count--;
	return pfn;
}

/* Takes the smallest block that is large enough, and gives its upper halves back. */
static void *block_take(unsigned int order)
{
	struct list *block = NULL;
	unsigned int at;

	for (at = order; at <= PAGE_ORDER_MAX; at++)
		if (!list_empty(&free_blocks[at])) {
			block = free_blocks[at].next;
			break;
		}
	if (block) {
		uint64_t pfn = virt_to_pfn(block).n;

		block_remove(pfn);
		while (at > order) {
			at--;
			block_insert(pfn + (1UL << at), at);
		}
	}
	return block;
}

void *page_alloc(unsigned int order)
{
	unsigned long flags = spin_lock_save(&lock);
	void *block;

	if (!order && loose_count) {
		block = pfn_to_virt(PFN(loose_take()));
	} else {
		block = block_take(order);
		if (!block && loose_count) {
			while (loose_count)
				block_merge(loose_take(), 0);
			block = block_take(order);
		}
	}
	if (block)
		free_pages -= 1UL << order;
	spin_unlock_restore(&lock, flags);
	return block;
}

void *page_alloc_zero(unsigned int order)
{
	void *page = page_alloc(order);

	return page ? memset(page, 0, PAGE_SIZE << order) : NULL;
}

void page_free(void *page, unsigned int order)
{
	uint64_t pfn = virt_to_pfn(page).n;
	unsigned long flags;

	if (!page)
		return;
	ASSERT(IS_ALIGNED((uintptr_t)page, PAGE_SIZE) && pfn < p2m_pages() &&
	       IS_ALIGNED(pfn, 1UL << order));
	flags = spin_lock_save(&lock);
	ASSERT(free_order[pfn] == NOT_FREE);
	free_pages += 1UL << order;
	if (!order && loose_count < LOOSE_MAX)
		loose_put(pfn);
	else
		block_merge(pfn, order);
	spin_unlock_restore(&lock, flags);
}

unsigned int page_order(size_t bytes)
{
	return bits_order(DIV_ROUND_UP(bytes, PAGE_SIZE));
}

size_t page_free_count(void)
{
	return READ_ONCE(free_pages);
}

size_t page_total_count(void)
{
	return READ_ONCE(total_pages);
}

void page_count_change(ssize_t change)
{
	__atomic_fetch_add(&total_pages, change, __ATOMIC_RELAXED);
}

/*
 * The table of orders takes the first free pages; the rest is freed in the largest blocks there
 * are.
 */
void page_init(pfn_t first)
{
	uint64_t pfn = first.n + DIV_ROUND_UP(p2m_pages(), PAGE_SIZE);
	unsigned int order;

	if (pfn >= start_info.nr_pages)
		panic("no memory left: the domain has %lu pages", start_info.nr_pages);
	for (order = 0; order <= PAGE_ORDER_MAX; order++)
		list_init(&free_blocks[order]);
	free_order = pfn_to_virt(first);
	memset(free_order, NOT_FREE, p2m_pages());
	total_pages = start_info.nr_pages;
	while (pfn < start_info.nr_pages) {
		order = MIN(bits_lowest(pfn), (unsigned int)PAGE_ORDER_MAX);
		while (pfn + (1UL << order) > start_info.nr_pages)
			order--;
		page_free(pfn_to_virt(PFN(pfn)), order);
		pfn += 1UL << order;
	}
}
