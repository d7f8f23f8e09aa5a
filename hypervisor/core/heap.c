/* SPDX-License-Identifier: MIT */
/*
 * Small objects of the hypervisor. Up to 2 KiB they come from slabs: a frame cut into objects of
 * one power of two, each free one holding the offset of the next. All that is known of a slab
 * stands in its entry of the frame table, so that a pointer finds it:
 *
 *   spare  size class + 1 (0: not a slab)     done   objects in use
 *   stamp  offset of the first free object, NO_FREE when there is none
 *   next, prev  the slabs of this class that have a free object
 *
 * A slab without objects in use goes back at once, so that free frames can be counted exactly.
 */
#include "console.h"
#include "frame.h"
#include "lib/string.h"

#define CLASS_MIN_SHIFT 4
#define CLASSES         8 /* 16 .. 2048 bytes */
#define NO_FREE         PAGE_SIZE

static struct {
	spinlock_t lock;
	uint32_t partial[CLASSES];
} heap = { .lock = SPINLOCK(LOCK_HEAP) };
LOCK_NAMED(heap.lock, heap);

/* The list of slabs with room, by frame number; heap locked. */
static void slab_link(struct frame *f, unsigned class)
{
	uint32_t mfn = (uint32_t)frame_to_mfn(f).n, head = heap.partial[class];

	f->prev = 0;
	f->next = head;
	if (head)
		frame_table[head].prev = mfn;
	heap.partial[class] = mfn;
}

static void slab_unlink(struct frame *f, unsigned class)
{
	if (f->next)
		frame_table[f->next].prev = f->prev;
	if (f->prev)
		frame_table[f->prev].next = f->next;
	else
		heap.partial[class] = f->next;
	f->next = f->prev = 0;
}

static uint16_t *object_link(struct frame *f, uint64_t offset)
{
	return (uint16_t *)((char *)mfn_to_virt(frame_to_mfn(f)) + offset);
}

/* A fresh slab: its free objects form a chain through the frame, the last one holds NO_FREE. */
static struct frame *slab_new(unsigned class)
{
	char *page = hyper_alloc(0);
	struct frame *f;
	uint64_t offset, size = 1UL << (class + CLASS_MIN_SHIFT);

	if (!page)
		return NULL;
	f = mfn_to_frame(virt_to_mfn(page));
	f->spare = (uint16_t)(class + 1);
	f->done = 0;
	f->stamp = 0;
	for (offset = 0; offset < PAGE_SIZE; offset += size)
		*object_link(f, offset) = (uint16_t)(offset + size);
	slab_link(f, class);
	return f;
}

/* Larger than a slab's objects: whole frames, whose order the frame table keeps for heap_free. */
void *heap_alloc(size_t size)
{
	unsigned order = bits_order(size),
		 class = MAX(order, (unsigned)CLASS_MIN_SHIFT) - CLASS_MIN_SHIFT;
	struct frame *f;
	void *object;

	if (class >= CLASSES)
		return hyper_alloc(order > PAGE_SHIFT ? order - PAGE_SHIFT : 0);
	spin_lock(&heap.lock);
	f = heap.partial[class] ? &frame_table[heap.partial[class]] : slab_new(class);
	if (!f) {
		spin_unlock(&heap.lock);
		return NULL;
	}
	object = object_link(f, f->stamp);
	f->stamp = *(uint16_t *)object;
	f->done++;
	if (f->stamp == NO_FREE)
		slab_unlink(f, class);
	spin_unlock(&heap.lock);
	return memset(object, 0, 1UL << (class + CLASS_MIN_SHIFT));
}

void heap_free(void *p)
{
	struct frame *f;
	unsigned class;

	if (!p)
		return;
	f = mfn_to_frame(virt_to_mfn(p));
	if (!f->spare) {
		hyper_free(p, f->order);
		return;
	}
	class = f->spare - 1u;
	spin_lock(&heap.lock);
	BUG_ON(!f->done);
	if (f->stamp == NO_FREE)
		slab_link(f, class);
	*(uint16_t *)p = (uint16_t)f->stamp;
	f->stamp = (unsigned long)p & ~PAGE_MASK;
	if (!--f->done) {
		slab_unlink(f, class);
		f->spare = 0;
		f->stamp = 0;
		hyper_free((void *)((unsigned long)p & PAGE_MASK), 0);
	}
	spin_unlock(&heap.lock);
}
