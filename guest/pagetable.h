/* SPDX-License-Identifier: MIT */
/* Making page tables, and changing many entries at once; between linear.c, vmap.c and the heap. */
#pragma once

#include "guest/vmap.h"

#define PTE_BATCH 32

/* Hang a zeroed or filled page into the tables, as the table of `level` that covers va. */
int pagetable_insert(void *page, const void *va, unsigned int level);

/*
 * Make the tables that va needs, down to `level`, where they are missing, of pages from alloc_zero.
 * 0, -ENOMEM or Xen's error.
 */
int pagetable_make(const void *va, unsigned int level, void *(*alloc_zero)(void));

/* Is there a table of `level` for va? */
bool pagetable_present(const void *va, unsigned int level);

/*
 * The entries of pages from va's own to the end of its table, to be read; NULL where there is none.
 */
const uint64_t *pagetable_entries(const void *va);

/* The same for a range, of pages from page_alloc. */
int pagetable_cover(const void *va, size_t pages);

/*
 * Set `count` entries from va on, whose tables exist, to what pte(index, arg) says. 0, or the
 * error of the first that failed: those before it are set. Xen leaves translations that were
 * there before in the TLB: pagetable_flush, unless the entries were empty.
 */
int pte_set_batch(void *va, size_t count, uint64_t (*pte)(size_t index, const void *arg),
		  const void *arg, domid_t domid);
void pagetable_flush(void);

/* Empty entries, translations gone. */
int pte_clear_batch(void *va, size_t count);
