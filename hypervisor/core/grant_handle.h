/* SPDX-License-Identifier: MIT */
/*
 * A domain's record of what it maps of others: its handles. What a mapping holds:
 *
 *   host map    a reference to the frame, typed writable unless read-only: it belongs to the
 *               page-table entry, so that the end of the page table, too, gives it back
 *   device map  the same, held by the maptrack entry
 *   each        one pin of the grant, held by the maptrack entry
 *
 * The handle holds a reference to the granting domain, too: the guest may clear the page-table
 * entry by itself, and then nothing else keeps the grant that is still pinned.
 */
#pragma once

#include "domain.h"
#include "grant_pin.h"
#include "x86.h"

#define MAP_COST 60 /* units of work, to map or unmap */
#define PARTS    (GNTMAP_host_map | GNTMAP_device_map)

uint32_t grant_handle_grow(struct grant_table *t);

/* A free handle and its entry; HANDLE_NONE: the limit of the domain's creation is reached. */
static inline uint32_t handle_get(struct grant_table *t, struct maptrack **m)
{
	uint64_t old = __atomic_load_n(&t->free, __ATOMIC_ACQUIRE), new;
	uint32_t handle;

	do {
		handle = (uint32_t)old;
		if (unlikely(handle == HANDLE_NONE)) {
			handle = grant_handle_grow(t);
			if (handle != HANDLE_NONE)
				*m = grant_maptrack(t, handle);
			return handle;
		}
		*m = grant_maptrack(t, handle);
		new = ((old >> 32) + 1) << 32 | READ_ONCE((*m)->ref);
	} while (unlikely(!__atomic_compare_exchange_n(&t->free, &old, new, false,
						       __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)));
	return handle;
}

static inline void handle_put(struct grant_table *t, struct maptrack *m, uint32_t handle)
{
	uint64_t old = __atomic_load_n(&t->free, __ATOMIC_RELAXED);

	m->flags = 0;
	do
		WRITE_ONCE(m->ref, (uint32_t)old);
	while (unlikely(!__atomic_compare_exchange_n(&t->free, &old,
						     ((old >> 32) + 1) << 32 | handle, false,
						     __ATOMIC_RELEASE, __ATOMIC_RELAXED)));
}

/* The reference of one mapping: a writable one keeps the frame from becoming a table. */
static inline bool frame_hold(struct frame *f, domid_t owner, bool readonly)
{
	return readonly ? frame_get(f, owner) : frame_get_writable(f, owner);
}

static inline void frame_drop(struct frame *f, bool readonly)
{
	if (readonly)
		frame_put(f);
	else
		frame_put_writable(f);
}

/* What of an entry tells whose mapping it is. */
static inline uint64_t map_pte(uint64_t mfn, bool readonly)
{
	return mfn << PAGE_SHIFT | (readonly ? PTE_P : PTE_P | PTE_W);
}

/* Of any mapping, and not in line. */
static inline void unpin_parts(struct pin p, uint32_t parts, bool readonly)
{
	if (parts & GNTMAP_host_map)
		grant_unpin_slowly(p.active, p.entry, readonly);
	if (parts & GNTMAP_device_map)
		grant_unpin_slowly(p.active, p.entry, readonly);
}
