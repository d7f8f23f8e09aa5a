/* SPDX-License-Identifier: MIT */
/*
 * GNTTABOP_copy. Each end is a grant, or a frame of the caller's own. An end that the next
 * operation of the batch names again stays acquired, so that a packet of several pieces pays for
 * its page once.
 */
#include "access.h"
#include "console.h"
#include "domain.h"
#include "grant_table.h"
#include "vcpu.h"
#include "lib/string.h"

#define COPY_COST 80 /* units of work, for a whole page */

struct end {
	struct domain *domain; /* NULL: nothing is acquired */
	struct frame *frame;   /* with a reference, typed writable for a destination */
	uint64_t name;         /* grant reference or frame number */
	domid_t domid;         /* as the operation gave it */
	bool by_ref, readonly;
};

static void end_release(struct end *e)
{
	if (!e->domain)
		return;
	if (e->readonly)
		frame_put(e->frame);
	else
		frame_put_writable(e->frame);
	if (e->by_ref)
		grant_unpin(e->domain->grant, (uint32_t)e->name, e->readonly);
	e->domain = NULL;
}

/* A reference on the frame that is known now. GNTST_*. */
static int end_hold(struct end *e, struct domain *d)
{
	if (e->readonly)
		return frame_get(e->frame, d->id) ? GNTST_okay : GNTST_bad_page;
	if (frame_get_writable(e->frame, d->id))
		return GNTST_okay;
	/* Which of the two it is that fails, Xen tells apart. */
	if (!frame_get(e->frame, d->id))
		return GNTST_bad_page;
	frame_put(e->frame);
	return GNTST_general_error;
}

static int end_acquire(struct end *e, const struct gnttab_copy_ptr *p, bool by_ref)
{
	struct domain *d;
	int rc;

	d = p->domid == DOMID_SELF ? current->domain : domain_find(p->domid);
	if (unlikely(!d))
		return GNTST_bad_domain;
	if (unlikely(!by_ref && p->domid != DOMID_SELF))
		return GNTST_permission_denied;
	if (by_ref) {
		rc = grant_pin(d->grant, p->u.ref, e->readonly, false, &e->frame);
		if (unlikely(rc))
			return rc;
		e->name = p->u.ref;
	} else {
		if (unlikely(!mfn_valid(MFN(p->u.gmfn))))
			return GNTST_bad_page;
		e->name = p->u.gmfn;
		e->frame = mfn_to_frame(MFN(index_nospec(e->name, max_mfn)));
	}
	rc = end_hold(e, d);
	if (unlikely(rc)) {
		if (by_ref)
			grant_unpin(d->grant, p->u.ref, e->readonly);
		return rc;
	}
	e->domid = p->domid;
	e->by_ref = by_ref;
	e->domain = d;
	return GNTST_okay;
}

static bool end_is(const struct end *e, const struct gnttab_copy_ptr *p, bool by_ref)
{
	return e->domain && e->by_ref == by_ref && e->domid == p->domid &&
	       e->name == (by_ref ? p->u.ref : p->u.gmfn);
}

static int end_use(struct end *e, const struct gnttab_copy_ptr *p, bool by_ref)
{
	if (end_is(e, p, by_ref))
		return GNTST_okay;
	end_release(e);
	return end_acquire(e, p, by_ref);
}

/*
 * The bounds come after the grants, as in Xen: an operation that is wrong in both ways says which.
 */
static int copy_one(const struct gnttab_copy *op, struct end *from, struct end *to)
{
	int rc = end_use(from, &op->source, op->flags & GNTCOPY_source_gref);

	if (!rc)
		rc = end_use(to, &op->dest, op->flags & GNTCOPY_dest_gref);
	if (unlikely(rc))
		return rc;
	if (unlikely(op->source.offset + op->len > PAGE_SIZE ||
		     op->dest.offset + op->len > PAGE_SIZE))
		return GNTST_bad_copy_arg;
	memmove((char *)mfn_to_virt(frame_to_mfn(to->frame)) + op->dest.offset,
		(char *)mfn_to_virt(frame_to_mfn(from->frame)) + op->source.offset, op->len);
	return GNTST_okay;
}

/* A failed operation keeps nothing: the next one starts afresh. */
long grant_copy(struct gnttab_copy *u, unsigned count)
{
	struct end from = { .readonly = true }, to = { .readonly = false };
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
		op.status = (int16_t)copy_one(&op, &from, &to);
		if (unlikely(op.status)) {
			end_release(&from);
			end_release(&to);
		}
		if (unlikely(copy_to_guest(&u->status, &op.status, STATUS_SIZE)))
			break;
		rc = 0;
	}
	end_release(&from);
	end_release(&to);
	return rc;
}
