/* SPDX-License-Identifier: MIT */
/*
 * Rows of pinning: an L1 with 512 present entries, and a tree of one L4, L3, L2 and four such L1s.
 * All entries map different pages, the domain's last ones, which nothing else uses.
 */
#include "bench.h"

#define ENTRIES 512
#define LEAVES  4

static uint64_t l4[ENTRIES] ALIGNED(PAGE_SIZE), l3[ENTRIES] ALIGNED(PAGE_SIZE),
	l2[ENTRIES] ALIGNED(PAGE_SIZE), l1[LEAVES][ENTRIES] ALIGNED(PAGE_SIZE);
static struct mmuext_op pin;

/* Writable tables, filled, then made read-only: what pinning asks for. */
static void tree_begin(void)
{
	const ulong *p2m = (const ulong *)start_info->mfn_list + start_info->nr_pages;

	for (unsigned int leaf = 0; leaf < LEAVES; leaf++) {
		for (unsigned int i = 0; i < ENTRIES; i++)
			l1[leaf][i] = *--p2m * PAGE_SIZE | PTE_KERN;
		l2[leaf * 7] = mfn_of(l1[leaf]) * PAGE_SIZE | PTE_KERN;
		va_protect(l1[leaf], PTE_RO);
	}
	l3[5] = entry_of(l2);
	l4[1] = entry_of(l3);
	if (va_protect(l2, PTE_RO) || va_protect(l3, PTE_RO) || va_protect(l4, PTE_RO))
		error("tables cannot be made read-only");
}

static void tree_end(void)
{
	for (unsigned int leaf = 0; leaf < LEAVES; leaf++)
		va_protect(l1[leaf], PTE_KERN);
	if (va_protect(l2, PTE_KERN) || va_protect(l3, PTE_KERN) || va_protect(l4, PTE_KERN))
		error("tables are in use still");
}

static void aim(unsigned int cmd, const void *table)
{
	pin = (struct mmuext_op){ .cmd = cmd, .arg1.mfn = mfn_of(table) };
}

static void pin_l1(void)
{
	aim(MMUEXT_PIN_L1_TABLE, l1[0]);
}

static void pin_l4(void)
{
	aim(MMUEXT_PIN_L4_TABLE, l4);
}

static void op(void)
{
	result = call4(mmuext_op, &pin, 1, 0, DOMID_SELF);
}

static void unpin(void)
{
	pin.cmd = MMUEXT_UNPIN_TABLE;
	op();
}

static void unpin_l1(void)
{
	pin_l1();
	op();
	pin.cmd = MMUEXT_UNPIN_TABLE;
}

static void unpin_l4(void)
{
	pin_l4();
	op();
	pin.cmd = MMUEXT_UNPIN_TABLE;
}

/* Only what is no page table may be mapped writable. */
static bool is_table(void *page)
{
	if (va_protect(page, PTE_KERN))
		return true;
	va_protect(page, PTE_RO);
	return false;
}

static bool pinned(void)
{
	return !result && is_table(l1[0]);
}

static bool unpinned(void)
{
	return !result && !is_table(l1[0]);
}

static bool tree_pinned(void)
{
	return !result && is_table(l4) && is_table(l1[LEAVES - 1]);
}

static bool tree_unpinned(void)
{
	return !result && !is_table(l4) && !is_table(l1[LEAVES - 1]);
}

GROUP(pin, {
	{ "pin an L1 of 512", .op = op, .done = pinned, .before = pin_l1, .after = unpin,
	  .begin = tree_begin, .end = tree_end, .samples = SAMPLES_FEW, .target = 24000 },
	{ "unpin it", .op = op, .done = unpinned, .before = unpin_l1, .begin = tree_begin,
	  .end = tree_end, .samples = SAMPLES_FEW, .target = 18000 },
	{ "pin an L4 tree of 4 L1s of 512", .op = op, .done = tree_pinned, .before = pin_l4,
	  .after = unpin, .begin = tree_begin, .end = tree_end, .samples = SAMPLES_FEW },
	{ "unpin the tree", .op = op, .done = tree_unpinned, .before = unpin_l4,
	  .begin = tree_begin, .end = tree_end, .samples = SAMPLES_FEW },
});
