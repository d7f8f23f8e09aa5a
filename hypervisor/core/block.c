/* SPDX-License-Identifier: MIT */
/*
 * The buddy allocator. A free block of 2^order frames is aligned to its size; its first frame
 * carries FRAME_FREE and the order and hangs on the list of that order, doubly linked by frame
 * number (0 ends: frame 0 is never free). All other frames of the block carry no FRAME_FREE.
 *
 * Two zones, so that frames below 4 GiB are used last: devices with 32-bit addresses need them.
 * Whether a frame is zero is told frame by frame (FRAME_CLEAN), apart from the blocks: an idle
 * processor cleans what it finds, and allocation only what is still dirty.
 */
#include "block.h"
#include "console.h"
#include "domain.h"

#define ORDER_MAX  18
#define ZONE_SHIFT 20 /* frames of 4 GiB */
enum { ZONE_LOW, ZONE_HIGH, ZONES };

uint64_t max_mfn;

static struct {
	spinlock_t lock; /* guards all of this, and flags, order, links of free frames */
	uint32_t list[ZONES][ORDER_MAX + 1], some[ZONES]; /* some: bit i, list i is not empty */
	uint64_t free[ZONES], total, clean, claimed;
	uint64_t cursor; /* where cleaning goes on */
	bool dirty; /* a frame came back since the cursor last found nothing in a whole round */
} pool = { .lock = SPINLOCK(LOCK_BLOCK) };
LOCK_NAMED(pool.lock, blocks);

/* A block lies in one zone, because the border is a multiple of every block. */
static unsigned zone_of(uint64_t mfn)
{
	return mfn >> ZONE_SHIFT ? ZONE_HIGH : ZONE_LOW;
}

/* The two ends of a list operation; pool locked. */
static void list_add_block(uint64_t mfn, unsigned order)
{
	uint32_t *head = &pool.list[zone_of(mfn)][order];
	struct frame *f = &frame_table[mfn];

	f->order = (uint8_t)order;
	f->flags |= FRAME_FREE;
	f->prev = 0;
	f->next = *head;
	if (*head)
		frame_table[*head].prev = (uint32_t)mfn;
	*head = (uint32_t)mfn;
	pool.some[zone_of(mfn)] |= 1u << order;
}

static void list_del_block(uint64_t mfn)
{
	struct frame *f = &frame_table[mfn];

	f->flags &= (uint8_t)~FRAME_FREE;
	if (f->next)
		frame_table[f->next].prev = f->prev;
	if (f->prev)
		frame_table[f->prev].next = f->next;
	else if (!(pool.list[zone_of(mfn)][f->order] = f->next))
		pool.some[zone_of(mfn)] &= ~(1u << f->order);
	f->next = f->prev = 0;
}

/* A block of at least `order` that ends at or below `limit`; 0: none. */
static uint64_t find_block(unsigned zone, unsigned order, uint64_t limit)
{
	uint32_t left = pool.some[zone] >> order << order, m;

	for (; left; left &= left - 1)
		for (m = pool.list[zone][bits_lowest(left)]; m; m = frame_table[m].next)
			if (m + (1UL << order) <= limit)
				return m;
	return 0;
}

/* Takes 2^order frames from the front of the block found, gives the rest back in halves. */
static uint64_t take_from(unsigned zone, unsigned order, uint64_t limit)
{
	uint64_t mfn = find_block(zone, order, limit);
	unsigned o;

	if (!mfn)
		return 0;
	o = frame_table[mfn].order;
	list_del_block(mfn);
	while (o > order) {
		o--;
		list_add_block(mfn + (1UL << o), o);
	}
	pool.free[zone] -= 1UL << order;
	return mfn;
}

/*
 * Claims are promises about the number of frames only: a taker without one must leave as many as
 * are claimed.
 */
struct frame *block_take(unsigned order, unsigned max_bits, uint64_t claim)
{
	uint64_t limit = ~0UL, mfn = 0, n = 1UL << order, i;

	if (order > ORDER_MAX)
		return NULL;
	if (max_bits && max_bits < 52)
		limit = max_bits <= PAGE_SHIFT ? 0 : 1UL << (max_bits - PAGE_SHIFT);
	spin_lock(&pool.lock);
	if (pool.free[ZONE_LOW] + pool.free[ZONE_HIGH] >=
	    n + pool.claimed - MIN(claim, pool.claimed)) {
		mfn = take_from(ZONE_HIGH, order, limit);
		if (!mfn)
			mfn = take_from(ZONE_LOW, order, limit);
	}
	for (i = 0; mfn && i < n; i++)
		pool.clean -= !!(frame_table[mfn + i].flags & FRAME_CLEAN);
	spin_unlock(&pool.lock);
	return mfn ? &frame_table[mfn] : NULL;
}

/* With its buddy while that is free and whole; then onto the list. */
static void merge(uint64_t mfn, unsigned order)
{
	while (order < ORDER_MAX) {
		uint64_t buddy = mfn ^ (1UL << order);

		if (buddy >= max_mfn || !(frame_table[buddy].flags & FRAME_FREE) ||
		    frame_table[buddy].order != order)
			break;
		list_del_block(buddy);
		mfn &= ~(1UL << order);
		order++;
	}
	list_add_block(mfn, order);
}

/* Pool locked; the frames' flags are 0. */
static void give(uint64_t mfn, unsigned order)
{
	pool.free[zone_of(mfn)] += 1UL << order;
	pool.dirty = true;
	merge(mfn, order);
}

void block_give(struct frame *f, unsigned order)
{
	unsigned long i;

	for (i = 0; i < 1UL << order; i++)
		f[i].flags = 0;
	spin_lock(&pool.lock);
	give(frame_to_mfn(f).n, order);
	spin_unlock(&pool.lock);
}

void frame_init(uint64_t max)
{
	max_mfn = max;
}

/* Touches the heads of the blocks only, because boot has a budget: the table is zero already. */
void frame_add_free(mfn_t first, uint64_t count)
{
	uint64_t m = MAX(first.n, 1UL), end = first.n + count;

	pool.total += m < end ? end - m : 0;
	while (m < end) {
		unsigned order = MIN((unsigned)__builtin_ctzl(m), (unsigned)ORDER_MAX);

		while (m + (1UL << order) > end)
			order--;
		give(m, order);
		m += 1UL << order;
	}
}

uint64_t frames_free(void)
{
	return pool.free[ZONE_LOW] + pool.free[ZONE_HIGH];
}

uint64_t frames_total(void)
{
	return pool.total;
}

uint64_t frames_dirty(void)
{
	return frames_free() - pool.clean;
}

uint64_t block_free_in(unsigned min_bits, unsigned max_bits)
{
	uint64_t low = min_bits > PAGE_SHIFT ? 1UL << (min_bits - PAGE_SHIFT) : 0, sum = 0;
	uint64_t high = max_bits && max_bits < 52 ? 1UL << (max_bits - PAGE_SHIFT) : ~0UL;
	unsigned z, o;
	uint32_t m;

	spin_lock(&pool.lock);
	for (z = 0; z < ZONES; z++)
		for (o = 0; o <= ORDER_MAX; o++)
			for (m = pool.list[z][o]; m; m = frame_table[m].next)
				if (m >= low && m < high)
					sum += 1UL << o;
	spin_unlock(&pool.lock);
	return sum;
}

/* Both locks in this order: frame_assign, which lowers the claim, holds the first too. */
int block_claim(struct domain *d, uint64_t pages)
{
	uint64_t want;
	int rc = 0;

	spin_lock(&d->frames_lock);
	spin_lock(&pool.lock);
	if (!pages) {
		pool.claimed -= d->outstanding;
		d->outstanding = 0;
		goto out;
	}
	rc = -EINVAL;
	if (d->outstanding || pages <= d->tot_pages || pages > d->max_pages)
		goto out;
	want = pages - d->tot_pages;
	rc = -ENOMEM;
	if (want > frames_free() - pool.claimed)
		goto out;
	d->outstanding = want;
	pool.claimed += want;
	rc = 0;
out:
	spin_unlock(&pool.lock);
	spin_unlock(&d->frames_lock);
	return rc;
}

void block_claim_used(struct domain *d, uint64_t pages)
{
	uint64_t n = MIN(pages, d->outstanding);

	if (!n)
		return;
	spin_lock(&pool.lock);
	d->outstanding -= n;
	pool.claimed -= n;
	spin_unlock(&pool.lock);
}

uint64_t block_claimed(void)
{
	return pool.claimed;
}

/* The free block that mfn lies in: its order, or -1 where mfn is in use. */
static int free_order(uint64_t mfn)
{
	unsigned o;

	for (o = 0; o <= ORDER_MAX; o++) {
		struct frame *head = &frame_table[ROUND_DOWN(mfn, 1UL << o)];

		if (head->flags & FRAME_FREE)
			return head->order >= o ? head->order : -1;
	}
	return -1;
}

#define SCRUB_LOOKS 512

/*
 * Looks at a bounded number of frames, so that an idle processor answers interrupts soon. Cleaning
 * in place needs the lock all the time: the frame could be allocated meanwhile.
 */
bool block_scrub_one(void)
{
	uint64_t looks, m;
	bool done = false;

	if (!pool.dirty)
		return false;
	if (!spin_trylock(&pool.lock))
		return false; /* somebody works with it: idle processors stand in nobody's way */
	for (looks = 0; looks < SCRUB_LOOKS && !done; looks++) {
		m = pool.cursor++;
		if (m >= max_mfn) {
			pool.cursor = 1;
			pool.dirty = pool.clean < frames_free();
			break;
		}
		if (frame_table[m].flags & FRAME_CLEAN || free_order(m) < 0)
			continue;
		frame_zero(&frame_table[m]);
		frame_table[m].flags |= FRAME_CLEAN;
		pool.clean++;
		done = true;
	}
	spin_unlock(&pool.lock);
	return pool.dirty;
}

bool block_audit(void)
{
	uint64_t m, free = 0;

	for (m = 0; m < max_mfn; m++)
		if (frame_table[m].flags & FRAME_FREE && !frame_table[m].state)
			free += 1UL << frame_table[m].order;
	return free == frames_free();
}
