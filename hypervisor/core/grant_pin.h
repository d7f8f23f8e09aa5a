/* SPDX-License-Identifier: MIT */
/*
 * A grant in use by the current domain. In line is the usual case: the only pin of an entry that is
 * as it should be. It touches one entry of each of the owner's tables, and no lock but the entry's.
 * Checked are the reference (bounded and clamped), that nobody else has it pinned, grantee, type
 * and write permission as one word of the shared entry, which is marked by the same cmpxchg, and
 * the frame's number (bounded and clamped). All else is grant_pin.c's.
 */
#pragma once

#include "grant_table.h"
#include "vcpu.h"

struct pin {
	struct active *active;
	struct grant_entry_v1 *entry;
	uint64_t mfn; /* below max_mfn; without a reference of its own */
};

int grant_pin_slowly(struct grant_table *t, uint32_t ref, bool readonly, bool map);
void grant_unpin_slowly(struct active *a, struct grant_entry_v1 *e, bool readonly);

/* Of a reference that was found in range. */
static inline struct pin grant_pin_at(const struct grant_table *t, uint64_t ref)
{
	struct pin p = { .active = &t->active[ref / GRANTS_PER_FRAME][ref % GRANTS_PER_FRAME],
			 .entry = &t->shared[ref / GRANTS_PER_FRAME][ref % GRANTS_PER_FRAME] };

	p.mfn = p.active->frame;
	return p;
}

/*
 * Pin ref of the owner's table t for the current domain, whose table is `mine`. GNTST_okay: the
 * entry is in use until grant_unpin. `map` refuses grants that copies may use.
 */
static inline __attribute__((always_inline)) int grant_pin(struct grant_table *t, uint32_t ref,
							    const struct grant_table *mine,
							    bool readonly, bool map,
							    struct pin *pin)
{
	uint32_t want = mine->permit, seen;
	uint32_t mask = 0xffff0000 | GTF_type_mask | (map ? GTF_sub_page : 0) |
			(readonly ? 0 : GTF_readonly);
	uint32_t mark = readonly ? GTF_reading : GTF_reading | GTF_writing;
	struct pin p;
	int rc;

	p = grant_pin_at(t, index_below(ref, t->frames * GRANTS_PER_FRAME, slowly));
	if (unlikely(!active_trylock(p.active)))
		goto slowly;
	seen = READ_ONCE(*(uint32_t *)p.entry);
	if (unlikely(p.active->pins) || unlikely((seen & mask) != want) ||
	    unlikely(!__atomic_compare_exchange_n((uint32_t *)p.entry, &seen, seen | mark, false,
						  __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)))
		goto unlock;
	p.mfn = index_below(READ_ONCE(p.entry->frame), max_mfn, unlock);
	p.active->frame = (uint32_t)p.mfn;
	active_store(p.active, want >> 16 | (readonly ? ACTIVE_READER : ACTIVE_WRITER));
	*pin = p;
	return GNTST_okay;
unlock:
	active_unlock(p.active);
slowly:
	rc = grant_pin_slowly(t, ref, readonly, map);
	if (!rc)
		*pin = grant_pin_at(t, ref);
	return rc;
}

/* The last pin's end clears both marks. */
static inline __attribute__((always_inline)) void grant_unpin(struct pin p, bool readonly)
{
	struct active *a = p.active;

	if (likely(active_trylock(a))) {
		if (likely(a->pins == (readonly ? ACTIVE_READER : ACTIVE_WRITER) >> 16)) {
			__atomic_and_fetch(&p.entry->flags,
					   (uint16_t) ~(GTF_reading | GTF_writing),
					   __ATOMIC_SEQ_CST);
			active_store(a, 0);
			return;
		}
		active_unlock(a);
	}
	grant_unpin_slowly(a, p.entry, readonly);
}
