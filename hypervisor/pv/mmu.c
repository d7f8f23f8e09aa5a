/* SPDX-License-Identifier: MIT */
/*
 * mmu_update: a list of checked writes to page tables.
 *
 * A list of one plain update of an L1 of one's own, as most are, is done in line (update_single):
 * the request is read, the frame number bounded, the table locked if it is a validated L1 of the
 * caller's, the entry written (l1.h). All else is the list's. There consecutive requests for one
 * table find it locked already, so in a batch the table is looked up once. The requests are read a
 * few at a time, each exactly once.
 */
#include "access.h"
#include "console.h"
#include "hypervisor/pv/foreign.h"
#include "hypervisor/pv/l1.h"

#define MMU_UPDATE_PREEMPTED 0x80000000u /* in count: a continuation; *pdone counts on */
#define REQUESTS_AT_ONCE 8u
#define UNITS_REQUEST 10

struct mmu_batch {
	struct domain *pt; /* owns the tables */
	struct foreign from; /* owns what they map */
	struct l1_rules rules;
	int refusal; /* -EPERM if the caller may not; told by the first request */
	struct frame *table; /* locked, or NULL */
	uint64_t l1; /* its address where it is an L1, else ~0: no request's */
	uint64_t *entries;
	uint64_t type;
};

static int batch_permitted(const struct mmu_batch *b)
{
	struct domain *me = current->domain;

	if (b->pt != me && !me->privileged)
		return -EPERM;
	return b->from.id == DOMID_IO ? 0 : foreign_permitted(&b->from);
}

/* Tables of another domain: number + 1 in the upper half of foreigndom. */
static int batch_open_tables(struct mmu_batch *b, domid_t id)
{
	struct domain *d = domain_get(id);

	if (!d)
		return -ESRCH;
	if (d == current->domain) {
		domain_put(d);
	} else if (!d->vcpu[0]) {
		domain_put(d);
		return -EINVAL;
	}
	b->pt = d;
	return 0;
}

static void batch_unlock(struct mmu_batch *b)
{
	if (b->table)
		table_unlock(b->table);
	b->table = NULL;
	b->l1 = ~0UL;
}

static void batch_close(struct mmu_batch *b)
{
	batch_unlock(b);
	if (unlikely(b->from.d != current->domain))
		foreign_close(&b->from);
	if (unlikely(b->pt != current->domain))
		domain_put(b->pt);
}

static int batch_open(struct mmu_batch *b, unsigned foreigndom)
{
	struct domain *me = current->domain;
	int rc = 0;

	b->table = NULL;
	b->l1 = ~0UL;
	b->pt = me;
	b->from = (struct foreign){ me->id, me };
	b->refusal = 0;
	if (unlikely(foreigndom != DOMID_SELF)) {
		if (foreigndom >> 16)
			rc = batch_open_tables(b, (domid_t)((foreigndom >> 16) - 1));
		if (!rc)
			rc = foreign_open(&b->from, (domid_t)foreigndom);
		if (rc) {
			if (b->pt != me)
				domain_put(b->pt);
			return rc;
		}
		b->refusal = batch_permitted(b);
	}
	b->rules = (struct l1_rules){ b->pt, b->from.id };
	return 0;
}

/* A frame that is no table takes any value, if it may be written at all. */
static int write_plain(struct frame *f, struct domain *pt, uint64_t *at, uint64_t val)
{
	if (!frame_get_writable(f, pt->id)) {
		gprintk(LOG_WARNING, "mmu_update: cannot write mfn %lx\n", frame_to_mfn(f).n);
		return -EINVAL;
	}
	WRITE_ONCE(*at, val);
	(void)frame_put_typed(f);
	return 0;
}

static int update_entry(struct mmu_batch *b, uint64_t ptr, uint64_t val, bool keep_ad)
{
	mfn_t m = MFN(ptr >> PAGE_SHIFT);
	struct frame *f = mfn_to_frame(m);
	uint64_t *slot;

	if (unlikely(b->refusal))
		return b->refusal;
	if (!mfn_valid(m))
		return -EINVAL;
	if (f != b->table) {
		batch_unlock(b);
		b->entries = mfn_to_virt(m);
		b->type = table_lock(f, b->pt->id);
		if (!b->type)
			return write_plain(f, b->pt, b->entries + (ptr & ~PAGE_MASK) / 8, val);
		b->table = f;
		if (b->type == TYPE_L1)
			b->l1 = m.n << PAGE_SHIFT;
	}
	slot = b->entries + (ptr & ~PAGE_MASK) / 8;
	if (b->type == TYPE_L1)
		return l1_entry_write(slot, val, b->rules, keep_ad);
	if (b->from.d != b->pt)
		return -EINVAL;
	return upper_entry_write(slot, val, f, keep_ad);
}

static int update_m2p(struct mmu_batch *b, mfn_t m, uint64_t pfn)
{
	int rc = b->pt != current->domain ? -EPERM : foreign_permitted(&b->from);

	if (rc)
		return rc;
	if (!mfn_valid(m) || !frame_get(mfn_to_frame(m), b->from.id))
		return -EINVAL;
	m2p_set(m, pfn);
	frame_put(mfn_to_frame(m));
	return 0;
}

static int update_one(struct mmu_batch *b, const mmu_update_t *req)
{
	uint64_t ptr = req->ptr & ~7UL;

	/* One more plain update (command 0) of the L1 that is locked. */
	if (likely((req->ptr & (PAGE_MASK | 7)) == b->l1))
		return l1_entry_write(b->entries + (req->ptr & ~PAGE_MASK) / 8, req->val, b->rules,
				      false);
	switch (req->ptr & 7) {
	case MMU_NORMAL_PT_UPDATE:
	case MMU_PT_UPDATE_NO_TRANSLATE:
		return update_entry(b, ptr, req->val, false);
	case MMU_PT_UPDATE_PRESERVE_AD:
		return update_entry(b, ptr, req->val, true);
	case MMU_MACHPHYS_UPDATE:
		return update_m2p(b, MFN(ptr >> PAGE_SHIFT), req->val);
	default:
		return -ENOSYS;
	}
}

/* Returns how many were done; *rc says why it stopped. */
static unsigned update_all(struct mmu_batch *b, mmu_update_t *reqs, unsigned count, int *rc)
{
	mmu_update_t req[REQUESTS_AT_ONCE];
	unsigned i, have = 0;

	*rc = 0;
	for (i = 0; i < count; i++) {
		unsigned at = i % REQUESTS_AT_ONCE;

		if (i && (unlikely(current->pv.old_table) || work_spent(UNITS_REQUEST))) {
			*rc = -ERESTART;
			break;
		}
		if (!at) {
			size_t size = MIN(count - i, REQUESTS_AT_ONCE) * sizeof(*req);

			have = (unsigned)((size - copy_from_guest(req, reqs + i, size)) /
					  sizeof(*req));
		}
		*rc = at < have ? update_one(b, &req[at]) : -EFAULT;
		if (unlikely(*rc))
			break;
	}
	return i;
}

static long mmu_continue(mmu_update_t *reqs, unsigned count, unsigned *pdone, unsigned foreigndom)
{
	return hypercall_continue(__HYPERVISOR_mmu_update, 4, (unsigned long)reqs,
				  (unsigned long)count, (unsigned long)pdone,
				  (unsigned long)foreigndom);
}

#define NOT_DONE 1 /* nothing was changed: the list tells what there is to tell */

static inline __attribute__((always_inline)) long update_single(struct domain *d,
								const mmu_update_t *u)
{
	struct l1_rules rules = { d, d->id };
	mmu_update_t req;
	struct frame *f;
	int rc;

	if (unlikely(copy_from_guest(&req, u, sizeof(req))))
		return NOT_DONE;
	if (unlikely(req.ptr & 7 || !mfn_valid(MFN(req.ptr >> PAGE_SHIFT)))) /* 7: the command */
		return NOT_DONE;
	f = mfn_to_frame(MFN(req.ptr >> PAGE_SHIFT));
	if (unlikely(!l1_lock(f, d->id)))
		return NOT_DONE;
	rc = l1_entry_write((uint64_t *)(DIRECTMAP_VIRT + req.ptr), req.val, rules, false);
	table_unlock(f);
	return rc;
}

static NOINLINE long update_list(mmu_update_t *reqs, unsigned count, unsigned *pdone,
				 unsigned foreigndom)
{
	unsigned done = 0, did;
	struct mmu_batch b;
	int rc;

	work_begin();
	if (unlikely(old_table_finish()))
		return mmu_continue(reqs, count, pdone, foreigndom);
	if (unlikely(count & MMU_UPDATE_PREEMPTED)) {
		/* Only old_table was left to do; the result stands in place of foreigndom. */
		if (count == MMU_UPDATE_PREEMPTED && !reqs)
			return (int)foreigndom;
		count &= ~MMU_UPDATE_PREEMPTED;
		if (pdone && copy_from_guest(&done, pdone, sizeof(done)))
			done = 0;
	}
	if (unlikely(!guest_list_ok(reqs)))
		return -EFAULT;
	did = 0;
	rc = batch_open(&b, foreigndom);
	if (likely(!rc)) {
		did = update_all(&b, reqs, count, &rc);
		batch_close(&b);
	}
	if (pdone) {
		done += did;
		(void)!copy_to_guest(pdone, &done, sizeof(done));
	}
	if (unlikely(rc == -ERESTART))
		return mmu_continue(reqs + did, (count - did) | MMU_UPDATE_PREEMPTED, pdone,
				    foreigndom);
	if (unlikely(current->pv.old_table))
		return mmu_continue(NULL, MMU_UPDATE_PREEMPTED, NULL, (unsigned)rc);
	return rc;
}

long do_mmu_update(mmu_update_t *reqs, unsigned count, unsigned *pdone, unsigned foreigndom)
{
	struct vcpu *v = current;
	uint32_t done;
	long rc;

	if (unlikely(count != 1 || foreigndom != DOMID_SELF || v->pv.old_table))
		return update_list(reqs, count, pdone, foreigndom);
	rc = update_single(v->domain, reqs);
	if (unlikely(rc > 0))
		return update_list(reqs, count, pdone, foreigndom);
	if (pdone) {
		done = !rc;
		(void)!copy_to_guest(pdone, &done, sizeof(done));
	}
	return rc;
}
