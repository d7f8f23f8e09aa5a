/* SPDX-License-Identifier: MIT */
/*
 * lwIP's heap: pieces of fixed sizes, cut from slabs of two pages, and whole pages for what is
 * larger. Its limit is a part of the domain's memory, so that connections that send slowly, or
 * many of them, cannot take what the network needs to receive and the application to live.
 *
 * A piece finds its slab by its own address, since slabs are aligned to their size; a larger
 * piece has the same head in front of it. So nothing is kept beside the memory itself, and both
 * kinds are freed by one function.
 */

#include <string.h>

#include "guest/page.h"
#include "guest/spinlock.h"
#include "lib/list.h"
#include "net/lwip/lwipopts.h"

#define SLAB_ORDER 1
#define SLAB_SIZE  (PAGE_SIZE << SLAB_ORDER)
#define LIMIT_PART 2 /* of the domain's memory */

/* At the start of every slab and of every larger piece; both are aligned to SLAB_SIZE. */
struct slab {
	struct list link; /* of those of its class with something free */
	void *free;       /* list of pieces, each the pointer to the next */
	uint16_t used;
	uint8_t size_class; /* CLASSES: one piece of 2^order pages */
	uint8_t order;
	uint32_t pad;
} ALIGNED(16);

/* 1632 is a full TCP segment with its headers and lwIP's own; five fit a slab. */
static const uint16_t sizes[] = { 64, 128, 256, 512, 1024, 1632, 4064 };

#define CLASSES ARRAY_SIZE(sizes)

static SPINLOCK(lock); /* pages are taken and given back within */
static struct list partial[CLASSES]; /* lock, as the next */
static size_t pages_used;

static struct slab *slab_of(void *p)
{
	return (struct slab *)((uintptr_t)p & ~(SLAB_SIZE - 1));
}

/* Locked. */
static struct slab *new_slab(uint8_t size_class, uint8_t order)
{
	struct slab *slab;

	if (pages_used + (1UL << order) > page_total_count() / LIMIT_PART)
		return NULL;
	slab = page_alloc(order);
	if (!slab)
		return NULL;
	pages_used += 1UL << order;
	*slab = (struct slab){ .size_class = size_class, .order = order };
	list_init(&slab->link);
	return slab;
}

static void free_slab(struct slab *slab)
{
	pages_used -= 1UL << slab->order;
	page_free(slab, slab->order);
}

static struct slab *cut_slab(uint8_t size_class)
{
	struct slab *slab = new_slab(size_class, SLAB_ORDER);
	size_t size = sizes[size_class];

	if (!slab)
		return NULL;
	for (size_t at = sizeof(*slab); at + size <= SLAB_SIZE; at += size) {
		void **piece = (void **)((char *)slab + at);

		*piece = slab->free;
		slab->free = piece;
	}
	list_push_front(&partial[size_class], &slab->link);
	return slab;
}

static void *alloc_piece(uint8_t size_class)
{
	struct list *list = &partial[size_class];
	struct slab *slab;
	void **piece;

	if (!list->next)
		list_init(list);
	slab = list_empty(list) ? cut_slab(size_class) : list_first(list, struct slab, link);
	if (!slab)
		return NULL;
	piece = slab->free;
	slab->free = *piece;
	slab->used++;
	if (!slab->free)
		list_remove(&slab->link);
	return piece;
}

static void *alloc_large(size_t size)
{
	unsigned int order = page_order(size + sizeof(struct slab));
	struct slab *slab = new_slab(CLASSES, (uint8_t)MAX(order, (unsigned int)SLAB_ORDER));

	return slab ? slab + 1 : NULL;
}

void *net_heap_alloc(unsigned long size)
{
	unsigned long flags = spin_lock_save(&lock);
	uint8_t size_class = 0;
	void *p;

	while (size_class < CLASSES && sizes[size_class] < size)
		size_class++;
	p = size_class < CLASSES ? alloc_piece(size_class) : alloc_large(size);
	spin_unlock_restore(&lock, flags);
	return p;
}

void *net_heap_alloc_zero(unsigned long count, unsigned long size)
{
	void *p = size && count > SIZE_MAX / size ? NULL : net_heap_alloc(count * size);

	if (p)
		memset(p, 0, count * size);
	return p;
}

/* An empty slab goes back, unless it is the last one with room: that one will be wanted again. */
static void free_piece(struct slab *slab, void **piece)
{
	struct list *list = &partial[slab->size_class];

	if (!slab->free)
		list_push_front(list, &slab->link);
	*piece = slab->free;
	slab->free = piece;
	slab->used--;
	if (!slab->used && (list->next != &slab->link || slab->link.next != list)) {
		list_remove(&slab->link);
		free_slab(slab);
	}
}

void net_heap_free(void *p)
{
	unsigned long flags;

	if (!p)
		return;
	flags = spin_lock_save(&lock);
	if (slab_of(p)->size_class == CLASSES)
		free_slab(slab_of(p));
	else
		free_piece(slab_of(p), p);
	spin_unlock_restore(&lock, flags);
}
