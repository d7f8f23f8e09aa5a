/* SPDX-License-Identifier: MIT */
/* The first page tables of a new domain, written into its memory before it runs. Pure. */
#pragma once

#include "lib/types.h"

struct tables {
	char *memory; /* pseudo-physical memory from pfn 0, as far as it is in use; zeroed tables */
	const uint64_t *p2m; /* machine frame by pfn */
	uint64_t first, count; /* pfns of the tables; the first one is the L4 */
	uint64_t data;	       /* pages from this pfn on are not executable */
	uint64_t next;	     /* first that is not in use yet */
};

void tables_init(struct tables *t);

/*
 * Map pages one after the other, and whatever tables that takes. A table itself is mapped
 * read-only: a PV guest's page tables may not be writable. The number of tables must have been
 * counted right (layout_compute).
 */
void tables_map(struct tables *t, uint64_t va, uint64_t pfn, uint64_t count);
