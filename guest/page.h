/* SPDX-License-Identifier: MIT */
/* Whole pages of this domain's memory: a buddy allocator over the linear map. */
#pragma once

#include "guest/types.h"

/*
 * Pseudo-physical memory is mapped in one piece: va = VIRT_BASE + pfn * PAGE_SIZE, so page 0 of the
 * address space is never mapped. The pages of an allocation are contiguous there and aligned to
 * their size; their machine frames are anywhere.
 * All functions may be called from any context, upcalls included; none of them sleeps.
 */
#define VIRT_BASE      0x400000UL
#define PAGE_ORDER_MAX 18 /* 1 GiB */

/* 2^order pages; NULL if there are none. The contents are undefined. */
void *page_alloc(unsigned int order);

/* The same, filled with zeros. */
void *page_alloc_zero(unsigned int order);

/*
 * `order` as it was allocated with; or of a part of it, as long as every part comes back once: its
 * pages one by one, for example, where a peer lets go of them one by one. NULL is allowed.
 */
void page_free(void *page, unsigned int order);

/* The smallest order whose pages hold `bytes`. */
unsigned int page_order(size_t bytes);

size_t page_free_count(void);
size_t page_total_count(void); /* all that the domain owns now, the image included */

/* The balloon's: pages that the allocator has handed out lost their frames, or have them again. */
void page_count_change(ssize_t change);

/*
 * What the application's heap leaves alone: rings, packets and stacks of the library OS come from
 * the same pages, and an application that takes all there is would starve its own network.
 */
static inline size_t page_reserve(void)
{
	return page_total_count() / 32 + 4;
}

/* Only for memory of the linear map (page_alloc, static data). */
static inline pfn_t virt_to_pfn(const void *va)
{
	return PFN(((uintptr_t)va - VIRT_BASE) >> PAGE_SHIFT);
}

static inline void *pfn_to_virt(pfn_t pfn)
{
	return (void *)(VIRT_BASE + (pfn.n << PAGE_SHIFT));
}
