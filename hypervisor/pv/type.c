/* SPDX-License-Identifier: MIT */
/*
 * Frame types: the state word's protocol.
 *
 * Safety of direct paging rests on one invariant: a frame that the processor may use as a table (of
 * pages or descriptors) is never writable by a guest, and all that stands in it was checked. So a
 * frame has one type at a time, each use as that type is a type ref, and the type changes only at
 * zero type refs. Tables are checked when the first type ref is taken (validation takes a ref for
 * each present entry) and let go when the last is dropped (devalidation drops those refs).
 *
 * States of a table frame, in the bits of frame.state:
 *
 *   trefs = 0            no table; anybody may take any type
 *   trefs > 0, VALID     a table
 *   trefs = 1, neither   one processor validates or devalidates it; others wait. Also a frame of
 *                        another type while its last type ref goes: drop_last()
 *   trefs = 1, PARTIAL   stopped in the middle: frame.done tells how far. This state itself owns
 *                        the type ref and one ref; nobody is obliged to finish it, anybody may: a
 *                        get goes on upwards from there, a put_rest goes on downwards.
 *
 * Who stopped a put keeps a plain ref, so that the frame cannot go away, and calls frame_put_rest.
 * If somebody else took the table over meanwhile (PARTIAL is gone), there is nothing to do but drop
 * that plain ref; if it was taken over, completed and stopped again, finishing it for the other one
 * harms nobody, who will find it done.
 *
 * Example. An L4 with one L3, one L2 and 512 L1s is unpinned. put(L4): last type ref, VALID goes,
 * its entry drops the L3's last, which drops the L2's last, which drops L1 after L1 until after 40
 * of them the budget is spent: L2.done = 472, L2 PARTIAL, and the L3's entry keeps a plain ref:
 * L3.done = 0|CHILD, PARTIAL; the same for the L4; and put(L4) returns -ERESTART with a plain ref
 * in the caller's hands. The guest gets its interrupts, executes the hypercall again,
 * frame_put_rest(L4) finds PARTIAL, continues with the CHILD and so on down to L2 entry 471. Had
 * the guest pinned the L4 again in between, get(L4) would have gone upwards: entry 0 of the L4 has
 * a CHILD, so get(L3), get(L2), validate L1s 472 to 511, and drop the plain refs on the way back.
 *
 * A validation that fails half-way (entry 300 of an L2 is bad) has refs to drop and cannot do that
 * at once either: the frame becomes PARTIAL, current->pv.old_table holds a plain ref, and
 * old_table_finish() does the rest before that vcpu's hypercall returns.
 */
#include "hypervisor/pv/table.h"

static bool cas(struct frame *f, uint64_t *old, uint64_t new)
{
	return __atomic_compare_exchange_n(&f->state, old, new, true, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

/*
 * The type ref and the ref that this processor worked with become those of the PARTIAL state;
 * extra: and one plain ref.
 */
static void make_partial(struct frame *f, uint64_t extra)
{
	__atomic_add_fetch(&f->state, FRAME_PARTIAL + extra, __ATOMIC_RELEASE);
}

static void let_go(struct frame *f)
{
	__atomic_sub_fetch(&f->state, FRAME_TREF, __ATOMIC_RELEASE);
	frame_put(f);
}

static int validate(struct frame *f, uint64_t type)
{
	int rc = type == TYPE_WRITABLE ? 0 : table_validate(f, type);

	if (!rc) {
		__atomic_or_fetch(&f->state, FRAME_VALID, __ATOMIC_RELEASE);
	} else if (rc == -ERESTART) {
		make_partial(f, 0);
	} else if (f->done) {
		make_partial(f, FRAME_REF);
		current->pv.old_table = f;
	} else {
		let_go(f);
	}
	return rc;
}

/* As if it had not been claimed; but of what type it was, nobody knows any more. */
static void unclaim(struct frame *f, bool partial)
{
	if (partial) {
		make_partial(f, 0);
		return;
	}
	__atomic_and_fetch(&f->state, ~FRAME_TYPE, __ATOMIC_RELAXED);
	let_go(f);
}

#define AGAIN 1 /* the state changed meanwhile */

/* No type ref yet, or a stopped table: take it for this processor alone, then look into it. */
static int claim(struct frame *f, domid_t owner, uint64_t s, uint64_t type)
{
	bool partial = s & FRAME_PARTIAL;
	uint64_t new =
		partial ? s & ~FRAME_PARTIAL
			: ((s & ~(FRAME_TYPE | FRAME_VALID)) | type) + FRAME_REF + FRAME_TREF;

	if (!cas(f, &s, new))
		return AGAIN;
	if (unlikely(READ_ONCE(f->owner) != owner)) { /* it went and came back in the same state */
		unclaim(f, partial);
		return AGAIN;
	}
	if (!partial) {
		if ((s & FRAME_TYPE) != type)
			tlb_flush_since(f->stamp);
		f->done = 0;
	}
	return validate(f, type);
}

bool frame_get_slow(struct frame *f, domid_t owner)
{
	uint64_t s = __atomic_load_n(&f->state, __ATOMIC_RELAXED);

	do {
		if (unlikely(!frame_ref_ok(s) || READ_ONCE(f->owner) != owner))
			return false;
	} while (!__atomic_compare_exchange_n(&f->state, &s, s + FRAME_REF, true, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	if (likely(READ_ONCE(f->owner) == owner))
		return true;
	frame_put(f);
	return false;
}

int frame_get_typed(struct frame *f, domid_t owner, uint64_t type)
{
	uint64_t s = __atomic_load_n(&f->state, __ATOMIC_RELAXED);
	int rc;

	for (;;) {
		if (unlikely(!frame_ref_ok(s) || READ_ONCE(f->owner) != owner))
			return -EINVAL;
		if (likely((s & (FRAME_TYPE | FRAME_VALID)) == (type | FRAME_VALID))) {
			if (!cas(f, &s, s + FRAME_REF + FRAME_TREF))
				continue;
			if (likely(READ_ONCE(f->owner) == owner))
				return 0;
			frame_not_mine(f, FRAME_REF + FRAME_TREF);
			return -EINVAL;
		}
		if (!(s & FRAME_TREFS) || ((s & FRAME_TYPE) == type && (s & FRAME_PARTIAL))) {
			/* The hypervisor writes to it whatever its type refs say. */
			if (unlikely(s & FRAME_HYPER) && type != TYPE_WRITABLE)
				return -EINVAL;
			rc = claim(f, owner, s, type);
			if (rc != AGAIN)
				return rc;
		} else if ((s & FRAME_TYPE) != type) {
			return -EINVAL;
		} else {
			cpu_serve();
		}
		s = __atomic_load_n(&f->state, __ATOMIC_RELAXED);
	}
}

/*
 * The last type ref and its ref go; this processor has the frame for itself, VALID is gone (and
 * comes back for types that need no second look).
 *
 * The stamp must be of a moment when no entry of that type names the frame and none can be made
 * until the type ref is gone, or it would be too old. Were it only read before the one exchange
 * that drops the ref: X reads the clock, 5; Y takes a type ref for a new entry, Z flushes (its
 * clock is 6) and loads that entry; Y removes the entry again, which is not the last ref; the word
 * is as X saw it, so X's exchange succeeds. Stamp 5 says that Z, at 6, has nothing of the frame.
 * And were it stored afterwards, a taker could read the one before. So VALID goes first, by an
 * exchange, which also is the barrier that tlb_stamp asks for; takers wait from then on.
 */
static void drop_last(struct frame *f, uint64_t valid)
{
	f->stamp = tlb_stamp();
	if (unlikely(!(__atomic_add_fetch(&f->state, valid - FRAME_TREF - FRAME_REF,
					  __ATOMIC_ACQ_REL) & FRAME_REFS)))
		frame_release(f);
}

/* This processor owns the last type ref and a ref, VALID is gone. */
static int devalidate(struct frame *f, uint64_t type, uint64_t extra)
{
	int rc = table_devalidate(f, type);

	if (rc) {
		make_partial(f, extra);
		return rc;
	}
	drop_last(f, 0);
	return 0;
}

int frame_put_typed(struct frame *f)
{
	uint64_t s = __atomic_load_n(&f->state, __ATOMIC_RELAXED);

	for (;;) {
		if ((s & FRAME_TREFS) != FRAME_TREF) {
			if (likely(cas(f, &s, s - FRAME_TREF - FRAME_REF)))
				return 0; /* while others stay, so do refs */
		} else if (unlikely(s & FRAME_LOCKED)) {
			cpu_serve();
			s = __atomic_load_n(&f->state, __ATOMIC_RELAXED);
		} else if (likely(cas(f, &s, s & ~FRAME_VALID))) {
			break;
		}
	}
	if (!type_is_table(s & FRAME_TYPE)) {
		drop_last(f, FRAME_VALID);
		return 0;
	}
	f->done = TABLE_ENTRIES;
	return devalidate(f, s & FRAME_TYPE, FRAME_REF);
}

int frame_put_rest(struct frame *f)
{
	uint64_t s = __atomic_load_n(&f->state, __ATOMIC_RELAXED);
	int rc = 0;

	while (s & FRAME_PARTIAL) {
		if (!cas(f, &s, s & ~FRAME_PARTIAL))
			continue;
		rc = devalidate(f, s & FRAME_TYPE, 0);
		break;
	}
	if (!rc)
		frame_put(f);
	return rc;
}

void frame_put_typed_final(struct frame *f)
{
	int rc;

	work_begin();
	for (rc = frame_put_typed(f); rc; rc = frame_put_rest(f))
		work_begin();
}

uint64_t table_lock(struct frame *f, domid_t owner)
{
	uint64_t s = __atomic_load_n(&f->state, __ATOMIC_RELAXED);

	for (;;) {
		if (!(s & FRAME_VALID) || !type_is_table(s & FRAME_TYPE) ||
		    READ_ONCE(f->owner) != owner)
			return 0;
		if (unlikely(s & FRAME_LOCKED)) {
			cpu_serve();
			s = __atomic_load_n(&f->state, __ATOMIC_RELAXED);
		} else if (likely(cas(f, &s, s | FRAME_LOCKED))) {
			break;
		}
	}
	if (LOCKCHECK)
		lockcheck_take_bit(LOCK_TABLE, f, true);
	if (likely(READ_ONCE(f->owner) == owner))
		return s & FRAME_TYPE;
	table_unlock(f);
	return 0;
}

bool l1_lock_slow(struct frame *f, domid_t owner)
{
	uint64_t type = table_lock(f, owner);

	if (type && type != TYPE_L1)
		table_unlock(f);
	return type == TYPE_L1;
}

void frame_not_mine(struct frame *f, uint64_t add)
{
	if (add == FRAME_REF)
		frame_put(f);
	else if (add == FRAME_LOCKED) /* by frame_try: l1_lock has not got it */
		__atomic_and_fetch(&f->state, ~FRAME_LOCKED, __ATOMIC_RELEASE);
	else
		table_put_later(f);
}

int old_table_finish_slow(void)
{
	struct vcpu *v = current;
	struct frame *f = v->pv.old_table;
	int rc;

	v->pv.old_table = NULL;
	rc = frame_put_rest(f);
	if (rc)
		v->pv.old_table = f;
	return rc;
}

void table_put_later(struct frame *f)
{
	struct vcpu *v = current;

	if (frame_put_typed(f) == 0)
		return;
	if (!v->pv.old_table) {
		v->pv.old_table = f;
		return;
	}
	/* Two at once: only one can wait. */
	do
		work_begin();
	while (frame_put_rest(f));
}
