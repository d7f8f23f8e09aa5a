/* SPDX-License-Identifier: MIT */
/*
 * The heap under malloc: address space from heap_base on, filled page by page as it grows and
 * emptied as it shrinks. When memory is short it does not grow, and malloc returns NULL.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "guest/lock.h"
#include "guest/page.h"
#include "guest/start.h"
#include "guest/vmap.h"

static MUTEX(lock);
static uintptr_t heap_end;    /* lock */
static uintptr_t heap_mapped; /* lock: the end of what has memory, whole pages */

/* lock held. Whole pages come and go; between them only the end moves. */
static int heap_move(uintptr_t end)
{
	uintptr_t want = ROUND_UP(end, PAGE_SIZE);
	size_t pages;

	if (end < heap_base || end > heap_limit)
		return -ENOMEM;
	if (want > heap_mapped) {
		pages = (want - heap_mapped) / PAGE_SIZE;
		if (page_free_count() < pages + page_reserve() ||
		    vmap_populate((void *)heap_mapped, pages))
			return -ENOMEM;
	} else if (want < heap_mapped) {
		vmap_depopulate((void *)want, (heap_mapped - want) / PAGE_SIZE);
	}
	heap_mapped = want;
	heap_end = end;
	return 0;
}

void *sbrk(ptrdiff_t increment)
{
	uintptr_t old;
	int err;

	mutex_lock(&lock);
	if (!heap_end)
		heap_end = heap_mapped = heap_base;
	old = heap_end;
	err = heap_move(old + (uintptr_t)increment);
	mutex_unlock(&lock);
	if (err) {
		errno = -err;
		return (void *)-1;
	}
	return (void *)old;
}

void *memalign(size_t align, size_t size);

int posix_memalign(void **out, size_t align, size_t size)
{
	void *memory;

	if (align < sizeof(void *) || align & (align - 1))
		return EINVAL;
	memory = memalign(align, size);
	if (!memory)
		return ENOMEM;
	*out = memory;
	return 0;
}
