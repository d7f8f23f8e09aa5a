/* SPDX-License-Identifier: MIT */
/* Pins of a grant that are not the first and only one, and all that grant_pin.h refuses. */
#include "access.h"
#include "domain.h"
#include "grant_pin.h"
#include "vcpu.h"

#define PIN_RETRIES 5

/*
 * Marks the shared entry as in use. Its flags and grantee are read and changed as one word, so that
 * the owner cannot slip a change in between. An entry that is pinned already was checked when it
 * was pinned.
 */
static int mark_entry(struct grant_entry_v1 *e, bool pinned, bool readonly, bool map)
{
	uint32_t *word = (uint32_t *)e, seen = READ_ONCE(*word), tries;
	uint32_t mask = 0xffff0000 | GTF_type_mask | (map ? GTF_sub_page : 0);
	uint32_t want = (uint32_t)current->domain->id << 16 | GTF_permit_access;

	for (tries = 0; tries < PIN_RETRIES; tries++) {
		if (!pinned && (seen & mask) != want)
			return GNTST_general_error;
		if (!readonly && seen & GTF_readonly)
			return GNTST_general_error;
		if (__atomic_compare_exchange_n(word, &seen,
						seen | GTF_reading | (readonly ? 0 : GTF_writing),
						false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			return GNTST_okay;
	}
	return GNTST_general_error;
}

/* Takes back from the shared entry what the pins do not need any more. Entry locked. */
static void unmark_entry(struct grant_entry_v1 *e, const struct active *a)
{
	uint16_t clear =
		(a->writers ? 0 : GTF_writing) | (a->readers | a->writers ? 0 : GTF_reading);

	if (clear)
		__atomic_and_fetch(&e->flags, (uint16_t)~clear, __ATOMIC_SEQ_CST);
}

/*
 * The first pin fixes grantee and frame for all that come until the last is gone. More pins than
 * the counters hold are refused well before they overflow.
 */
static int pin_locked(struct active *a, struct grant_entry_v1 *e, bool readonly, bool map)
{
	bool pinned = a->readers | a->writers;
	int rc;

	if (pinned && ((a->domid & ~ACTIVE_LOCKED) != current->domain->id ||
		       a->readers >= ACTIVE_PINS_MAX || a->writers >= ACTIVE_PINS_MAX))
		return GNTST_general_error;
	if (!pinned || (!readonly && !a->writers)) {
		rc = mark_entry(e, pinned, readonly, map);
		if (rc)
			return rc;
	}
	if (!pinned) {
		a->frame = READ_ONCE(e->frame);
		if (!mfn_valid(MFN(a->frame))) {
			unmark_entry(e, a);
			return GNTST_bad_page;
		}
		a->domid = current->domain->id | ACTIVE_LOCKED;
	}
	if (readonly)
		a->readers++;
	else
		a->writers++;
	return GNTST_okay;
}

int grant_pin_slowly(struct grant_table *t, uint32_t ref, bool readonly, bool map)
{
	struct pin p;
	int rc;

	if (!grant_ref_valid(t, ref))
		return GNTST_bad_gntref;
	p = grant_pin_at(t, index_nospec(ref, t->frames * GRANTS_PER_FRAME));
	active_lock(p.active);
	rc = pin_locked(p.active, p.entry, readonly, map);
	active_unlock(p.active);
	return rc;
}

/* Others have it pinned still, or another processor is at it. */
void grant_unpin_slowly(struct active *a, struct grant_entry_v1 *e, bool readonly)
{
	active_lock(a);
	if (readonly)
		a->readers--;
	else
		a->writers--;
	unmark_entry(e, a);
	active_unlock(a);
}
