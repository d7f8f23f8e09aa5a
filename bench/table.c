/* SPDX-License-Identifier: MIT */
/*
 * Rows of page table updates. The window is 64 pages of the image whose entries change between two
 * pages, A and B, and nothing; what an entry holds is read in the table, what it means by a read
 * through it.
 */
#include "bench.h"

char page_a[PAGE_SIZE] ALIGNED(PAGE_SIZE) = "A", page_b[PAGE_SIZE] ALIGNED(PAGE_SIZE) = "B";
char window[WINDOW_PAGES * PAGE_SIZE] ALIGNED(PAGE_SIZE);

static struct mmu_update update[WINDOW_PAGES];
static char *wanted = page_a;

uint64_t entry_of(const void *page)
{
	return page ? mfn_of(page) * PAGE_SIZE | PTE_KERN : 0;
}

void window_set(unsigned int n, uint64_t entry)
{
	if (va_map(window + n * PAGE_SIZE, entry))
		error("the window's page %u cannot be changed", n);
}

static void window_begin(void)
{
	for (unsigned int i = 0; i < WINDOW_PAGES; i++) {
		window_set(i, entry_of(page_a));
		update[i].ptr = pte_address(window + i * PAGE_SIZE, 1);
	}
}

/* The next sample makes all entries those of `page`. */
static void aim(char *page)
{
	wanted = page;
	for (unsigned int i = 0; i < WINDOW_PAGES; i++)
		update[i].val = entry_of(page);
}

static void aim_other(void)
{
	aim(wanted == page_a ? page_b : page_a);
}

static void window_fill(uint64_t entry, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		window_set(i, entry);
}

static void empty_one(void)
{
	window_fill(0, 1);
	aim(page_a);
}

static void empty_all(void)
{
	window_fill(0, WINDOW_PAGES);
	aim(page_a);
}

static void fill_one(void)
{
	window_fill(entry_of(page_a), 1);
	aim(NULL);
}

static void fill_all(void)
{
	window_fill(entry_of(page_a), WINDOW_PAGES);
	aim(NULL);
}

/* The frame and what may be done with it; a hypervisor has bits of its own beside. */
static bool same(uint64_t a, uint64_t b)
{
	return PTE_MFN(a) == PTE_MFN(b) && !((a ^ b) & (PTE_P | PTE_RW));
}

static bool holds(unsigned int count)
{
	uint64_t entry = entry_of(wanted);

	for (unsigned int i = 0; i < count; i++)
		if (!same(*pte_of(window + i * PAGE_SIZE, 1), entry))
			return false;
	return !result;
}

static bool one_holds(void)
{
	return holds(1);
}

static bool all_hold(void)
{
	return holds(WINDOW_PAGES);
}

/* The flush, too: what is read is the page wanted. */
static bool one_reads(void)
{
	return holds(1) && READ_ONCE(*window) == *wanted;
}

static void update_op(void)
{
	result = call4(mmu_update, update, 1, 0, DOMID_SELF);
}

static void update_all_op(void)
{
	result = call4(mmu_update, update, WINDOW_PAGES, 0, DOMID_SELF);
}

static void va_op(void)
{
	result = call3(update_va_mapping, window, update[0].val, 0);
}

static void va_flush_op(void)
{
	result = call3(update_va_mapping, window, update[0].val, UVMF_INVLPG);
}

/*
 * --- flushes: of a change that nothing else has made visible ------------------------------------
 */

static struct mmuext_op flush;

static void flush_before(void)
{
	(void)READ_ONCE(*window);
	aim_other();
	if (mmu_update(update[0].ptr, update[0].val))
		error("a remap was refused");
}

static void flush_op(void)
{
	result = call4(mmuext_op, &flush, 1, 0, DOMID_SELF);
}

static void flush_begin(unsigned int cmd)
{
	window_begin();
	flush = (struct mmuext_op){ .cmd = cmd, .arg1.linear_addr = (ulong)window };
}

static void flush_local_begin(void)
{
	flush_begin(MMUEXT_TLB_FLUSH_LOCAL);
}

static void flush_all_begin(void)
{
	flush_begin(MMUEXT_TLB_FLUSH_ALL);
}

static void flush_page_begin(void)
{
	flush_begin(MMUEXT_INVLPG_LOCAL);
}

GROUP(table, {
	{ "mmu_update, one remap", .op = update_op, .done = one_holds, .before = aim_other,
	  .begin = window_begin, .target = 240 },
	{ "mmu_update, one map", .op = update_op, .done = one_holds, .before = empty_one,
	  .begin = window_begin },
	{ "mmu_update, one unmap", .op = update_op, .done = one_holds, .before = fill_one,
	  .begin = window_begin },
	{ "mmu_update x64 remap, each", .op = update_all_op, .done = all_hold,
	  .before = aim_other, .begin = window_begin, .per = WINDOW_PAGES, .target = 140 },
	{ "mmu_update x64 map, each", .op = update_all_op, .done = all_hold,
	  .before = empty_all, .begin = window_begin, .per = WINDOW_PAGES, .samples = 100 },
	{ "mmu_update x64 unmap, each", .op = update_all_op, .done = all_hold,
	  .before = fill_all, .begin = window_begin, .per = WINDOW_PAGES, .samples = 100 },
	{ "update_va_mapping", .op = va_op, .done = one_holds, .before = aim_other,
	  .begin = window_begin },
	{ "update_va_mapping + INVLPG", .op = va_flush_op, .done = one_reads,
	  .before = aim_other, .begin = window_begin, .target = 230 },
	{ "TLB flush, one page, local", .op = flush_op, .done = one_reads,
	  .before = flush_before, .begin = flush_page_begin },
	{ "TLB flush, local", .op = flush_op, .done = one_reads, .before = flush_before,
	  .begin = flush_local_begin },
	{ "TLB flush, all processors", .op = flush_op, .done = one_reads,
	  .before = flush_before, .begin = flush_all_begin },
});
