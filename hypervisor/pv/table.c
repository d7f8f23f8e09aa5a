/* SPDX-License-Identifier: MIT */
/*
 * Validation of a whole frame: every present entry takes its refs, or none does. The frame has one
 * type ref and is not VALID, so nobody else looks at it. An L1 is done in one go; L2 to L4 stop
 * when the budget is spent, at least one entry after they started, and leave their position in
 * frame.done.
 */
#include "hypervisor/pv/descriptor.h"
#include "hypervisor/pv/l1.h"

#define UNITS_ENTRY 4 /* work_spent: an L2-L4 entry */
#define UNITS_L1 1024 /* a whole L1 */

/* Is that one empty, and the seven behind it? Most of a table is. */
static inline bool eight_empty(const uint64_t *table, unsigned i)
{
	const uint64_t *e = table + i;

	return !(i % 8) && !(e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7]);
}

static int l1_validate(struct frame *f)
{
	uint64_t *table = mfn_to_virt(frame_to_mfn(f)), e;
	struct l1_rules rules = { domain_find(f->owner), f->owner };
	unsigned i;
	int rc = 0;

	for (i = 0; i < TABLE_ENTRIES; i++) {
		e = table[i];
		if (!(e & PTE_P))
			continue;
		e = l1_entry_get(e, rules);
		if (unlikely(!(e & PTE_P))) {
			rc = l1_error(e);
			break;
		}
		table[i] = e;
	}
	(void)work_spent(UNITS_L1);
	if (!rc)
		return 0;
	while (i-- > 0)
		l1_entry_put(table[i]);
	f->done = 0;
	return rc;
}

static inline __attribute__((always_inline)) void l1_drop_all(const uint64_t *table, bool alone)
{
	const uint64_t *end;
	uint64_t e;
	unsigned i;

	for (end = table + TABLE_ENTRIES; table < end; table += 8) {
		if (unlikely(!table[0]) && eight_empty(table, 0))
			continue;
		for (i = 0; i < 8; i++) {
			e = table[i];
			if ((e & PTE_P) && mfn_valid(pte_mfn(e)))
				l1_entry_drop(mfn_to_frame(pte_mfn(e)), e & PTE_W, alone);
		}
	}
}

static void l1_devalidate(struct frame *f)
{
	const uint64_t *table = mfn_to_virt(frame_to_mfn(f));

	if (nr_cpus == 1)
		l1_drop_all(table, true);
	else
		l1_drop_all(table, false);
	(void)work_spent(UNITS_L1);
}

/*
 * The entry's table is stopped in the middle: the entry keeps a plain ref, so that whoever undoes
 * or completes this table finds that one. If it is gone already there is nothing to keep.
 */
static void keep_child(struct frame *f, struct frame *child, unsigned i)
{
	f->done = (uint16_t)(i | (frame_get(child, f->owner) ? DONE_CHILD : 0));
}

/*
 * Entry i failed for good. What its table left in old_table to be undone becomes this table's
 * business.
 */
static void adopt_failed(struct frame *f, struct frame *child, unsigned i, bool has_child)
{
	struct vcpu *v = current;

	if (v->pv.old_table && v->pv.old_table == child) {
		v->pv.old_table = NULL;
		if (has_child)
			frame_put(child);
		has_child = true;
	}
	f->done = (uint16_t)(i | (has_child ? DONE_CHILD : 0));
}

static int upper_validate(struct frame *f, unsigned level)
{
	uint64_t *table = mfn_to_virt(frame_to_mfn(f)), e;
	unsigned start = f->done & DONE_INDEX, i;
	bool has_child = f->done & DONE_CHILD;
	struct frame *child;
	int rc;

	for (i = start; i < TABLE_ENTRIES; i++) {
		if (eight_empty(table, i)) {
			i += 7;
			continue;
		}
		e = table[i];
		if (!(e & PTE_P) || slot_is_hyper(level, i))
			continue;
		if (work_spent(UNITS_ENTRY) && i > start) {
			f->done = (uint16_t)i;
			return -ERESTART;
		}
		rc = upper_entry_get(&e, f, level);
		child = mfn_to_frame(pte_mfn(e));
		if (rc == -ERESTART) {
			if (!has_child)
				keep_child(f, child, i);
			else
				f->done = (uint16_t)(i | DONE_CHILD);
			return rc;
		}
		if (rc) {
			adopt_failed(f, child, i, has_child);
			return rc;
		}
		if (has_child)
			frame_put(child);
		has_child = false;
		table[i] = e;
	}
	return 0;
}

static int upper_devalidate(struct frame *f, unsigned level)
{
	uint64_t *table = mfn_to_virt(frame_to_mfn(f));
	unsigned i = f->done & DONE_INDEX;

	if (f->done & DONE_CHILD) {
		if (frame_put_rest(mfn_to_frame(pte_mfn(table[i]))))
			return -ERESTART;
		f->done = (uint16_t)i;
	}
	while (i > 0) {
		if (eight_empty(table, i - 8)) {
			i -= 8;
			continue;
		}
		i--;
		if (!(table[i] & PTE_P) || slot_is_hyper(level, i))
			continue;
		if (upper_entry_put(table[i], f)) {
			f->done = (uint16_t)(i | DONE_CHILD);
			return -ERESTART;
		}
		if (work_spent(UNITS_ENTRY) && i) {
			f->done = (uint16_t)i;
			return -ERESTART;
		}
	}
	f->done = 0;
	return 0;
}

int table_validate(struct frame *f, uint64_t type)
{
	int rc;

	switch (type) {
	case TYPE_L1:
		return l1_validate(f);
	case TYPE_L4:
		rc = upper_validate(f, 4);
		if (!rc)
			pv_l4_init(mfn_to_virt(frame_to_mfn(f)), domain_find(f->owner));
		return rc;
	case TYPE_L2:
	case TYPE_L3:
		return upper_validate(f, type_level(type));
	case TYPE_DESC:
		return descriptors_validate(mfn_to_virt(frame_to_mfn(f))) ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

int table_devalidate(struct frame *f, uint64_t type)
{
	if (type != TYPE_L1)
		return upper_devalidate(f, type_level(type));
	l1_devalidate(f);
	return 0;
}
