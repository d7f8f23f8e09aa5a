/* SPDX-License-Identifier: MIT */
/*
 * GNTTABOP_copy. Each end is a grant, or a frame of the caller's own. An end that the next
 * operation of the batch names again stays acquired, so that a packet of several pieces pays for
 * its page once.
 */
#include "access.h"
#include "console.h"
#include "domain.h"
#include "grant_pin.h"
#include "lib/string.h"

#define COPY_COST 80 /* units of work, for a whole page */

struct end {
	struct domain *domain; /* NULL: nothing is acquired */
	struct pin pin;        /* its mfn, and by reference the rest; with a reference, typed
				  writable for a destination */
	uint64_t name;         /* grant reference or frame number */
	domid_t domid;         /* as the operation gave it */
	bool by_ref;
};

/* A reference on the frame that is known now. GNTST_*. */
static inline __attribute__((always_inline)) int end_hold(struct frame *f, domid_t owner,
							   bool readonly)
{
	if (readonly)
		return likely(frame_get(f, owner)) ? GNTST_okay : GNTST_bad_page;
	if (likely(frame_get_writable(f, owner)))
		return GNTST_okay;
	/* Which of the two it is that fails, Xen tells apart. */
	if (!frame_get(f, owner))
		return GNTST_bad_page;
	frame_put(f);
	return GNTST_general_error;
}

static inline __attribute__((always_inline)) void end_release(struct end *e, bool readonly)
{
	struct frame *f = mfn_to_frame(MFN(e->pin.mfn));

	if (!e->domain)
		return;
	if (readonly)
		frame_put(f);
	else
		frame_put_writable(f);
	if (likely(e->by_ref))
		grant_unpin(e->pin, readonly);
	e->domain = NULL;
}

/* Of a list. */
static NOINLINE void end_leave(struct end *e, bool readonly)
{
	if (readonly)
		end_release(e, true);
	else
		end_release(e, false);
}

static inline __attribute__((always_inline)) int end_acquire(struct end *e, struct domain *me,
							      const struct gnttab_copy_ptr *p,
							      bool by_ref, bool readonly)
{
	struct domain *d = p->domid == DOMID_SELF ? me : domain_find(p->domid);
	int rc;

	if (unlikely(!d))
		return GNTST_bad_domain;
	e->domid = p->domid;
	e->by_ref = by_ref;
	if (likely(by_ref)) {
		e->name = p->u.ref;
		rc = grant_pin(d->grant, p->u.ref, me->grant, readonly, false, &e->pin);
		if (unlikely(rc))
			return rc;
	} else {
		if (unlikely(p->domid != DOMID_SELF))
			return GNTST_permission_denied;
		if (unlikely(!mfn_valid(MFN(p->u.gmfn))))
			return GNTST_bad_page;
		e->name = p->u.gmfn;
		e->pin.mfn = index_nospec(e->name, max_mfn);
	}
	rc = end_hold(mfn_to_frame(MFN(e->pin.mfn)), d->id, readonly);
	if (likely(!rc))
		e->domain = d;
	else if (by_ref)
		grant_unpin(e->pin, readonly);
	return rc;
}

static inline __attribute__((always_inline)) int end_use(struct end *e, struct domain *me,
							  const struct gnttab_copy_ptr *p,
							  bool by_ref, bool readonly)
{
	if (e->domain) {
		if (e->by_ref == by_ref && e->domid == p->domid &&
		    e->name == (by_ref ? p->u.ref : p->u.gmfn))
			return GNTST_okay;
		end_leave(e, readonly);
	}
	return end_acquire(e, me, p, by_ref, readonly);
}

/*
 * The ends are held. Their bounds come after the grants, as in Xen: an operation that is wrong in
 * both ways says which.
 */
static inline int copy_held(const struct gnttab_copy *op, uint64_t from, uint64_t to)
{
	if (unlikely(op->source.offset + op->len > PAGE_SIZE ||
		     op->dest.offset + op->len > PAGE_SIZE))
		return GNTST_bad_copy_arg;
	memmove((char *)mfn_to_virt(MFN(to)) + op->dest.offset,
		(char *)mfn_to_virt(MFN(from)) + op->source.offset, op->len);
	return GNTST_okay;
}

static int copy_one(const struct gnttab_copy *op, struct domain *me, struct end *from,
		    struct end *to)
{
	int rc = end_use(from, me, &op->source, op->flags & GNTCOPY_source_gref, true);

	if (likely(!rc))
		rc = end_use(to, me, &op->dest, op->flags & GNTCOPY_dest_gref, false);
	return likely(!rc) ? copy_held(op, from->pin.mfn, to->pin.mfn) : rc;
}

/* A failed operation keeps nothing: the next one starts afresh. */
static NOINLINE long copy_list(struct gnttab_copy *u, unsigned count)
{
	struct domain *me = current->domain;
	struct end from = { 0 }, to = { 0 };
	struct gnttab_copy op;
	long rc = 0;

	work_begin();
	for (; count; count--, u++) {
		if (unlikely(work_spent(COPY_COST))) {
			rc = grant_again(GNTTABOP_copy, u, count);
			break;
		}
		rc = -EFAULT;
		if (unlikely(copy_from_guest(&op, u, sizeof(op))))
			break;
		op.status = (int16_t)copy_one(&op, me, &from, &to);
		if (unlikely(op.status)) {
			end_leave(&from, true);
			end_leave(&to, false);
		}
		if (unlikely(copy_to_guest(&u->status, &op.status, STATUS_SIZE)))
			break;
		rc = 0;
	}
	end_leave(&from, true);
	end_leave(&to, false);
	return rc;
}

/* Grant to grant, alone. */
static inline int copy_grants(const struct gnttab_copy *op, struct domain *me)
{
	struct end from, to;
	int rc = end_acquire(&from, me, &op->source, true, true);

	if (unlikely(rc))
		return rc;
	rc = end_acquire(&to, me, &op->dest, true, false);
	if (likely(!rc)) {
		rc = copy_held(op, from.pin.mfn, to.pin.mfn);
		end_release(&to, false);
	}
	end_release(&from, true);
	return rc;
}

long grant_copy(struct gnttab_copy *u, unsigned count)
{
	struct cpu *c = this_cpu();
	struct gnttab_copy op;

	if (count != 1)
		return copy_list(u, count);
	if (unlikely(copy_from_guest(&op, u, sizeof(op))))
		return -EFAULT;
	if (unlikely(~op.flags & (GNTCOPY_source_gref | GNTCOPY_dest_gref)))
		return copy_list(u, 1);
	(void)work_spent_on(c, COPY_COST); /* a multicall's */
	op.status = (int16_t)copy_grants(&op, c->vcpu->domain);
	return unlikely(copy_to_guest(&u->status, &op.status, STATUS_SIZE)) ? -EFAULT : 0;
}
