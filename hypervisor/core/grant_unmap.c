/* SPDX-License-Identifier: MIT */
/*
 * The end of mappings. First the entry goes, then every processor that may have it in its TLB
 * forgets it, and only then are pin and references given back: the frame's owner may go on to use
 * it when he is told that the mapping ended, without any change that a stamp would tell.
 *
 * On one processor nobody else has the entry, and the own TLB is flushed before the guest goes on:
 * a host map's end is done in line. On several a list shares one flush. Checked are the handle
 * (bounded and clamped), that it is in use, and that the entry is the mapping's (pv_grant_unmap).
 */
#include "access.h"
#include "audit.h"
#include "console.h"
#include "grant_handle.h"
#include "pv.h"

#define FLUSH_PAGES_MAX 8 /* up to so many pages are flushed one by one */
#define ENDINGS         16

/* What the operations say of a mapping that shall end. */
struct unmap {
	uint64_t host, dev, new_addr; /* 0: not that part; nothing in its place */
	uint32_t handle;
	bool flush_page;
};

/* A mapping that ends, or one of its two parts. */
struct ending {
	struct domain *owner; /* NULL: nothing ends */
	struct pin pin;
	struct maptrack *track;
	uint64_t page; /* the linear address, or TLB_ALL */
	uint32_t handle;
	uint16_t parts; /* of PARTS */
	bool readonly, last;
};

/* The entry goes, its reference becomes ours; this processor forgets it. GNTST_*. */
static int unmap_host(const struct unmap *u, const struct ending *e, bool by_pte)
{
	int rc = pv_grant_unmap_replace(u->host, map_pte(e->pin.mfn, e->readonly), by_pte,
					u->new_addr);

	if (rc)
		return rc;
	if (u->flush_page && e->page != TLB_ALL)
		tlb_flush_page(u->host);
	else
		tlb_flush_later();
	return GNTST_okay;
}

/* The mapping ends as far as the addresses say: host part, device part, or both. GNTST_*. */
static int unmap_begin(struct domain *me, const struct unmap *u, struct ending *e)
{
	struct grant_table *t = me->grant;
	struct domain *owner;
	struct maptrack *m;
	int rc = GNTST_okay;

	e->owner = NULL;
	if (unlikely(u->handle >= t->handles))
		return GNTST_bad_handle;
	m = grant_maptrack(t, (uint32_t)index_nospec(u->handle, t->handles));
	if (unlikely(!(m->flags & PARTS)))
		return GNTST_bad_handle;
	owner = domain_find(m->domid);
	BUG_ON(!owner);
	e->pin = grant_pin_at(owner->grant, m->ref);
	e->track = m;
	e->handle = u->handle;
	e->readonly = m->flags & GNTMAP_readonly;
	e->page = m->flags & GNTMAP_contains_pte || u->new_addr ? TLB_ALL : u->host;
	e->parts = m->flags & ((u->host ? GNTMAP_host_map : 0) | (u->dev ? GNTMAP_device_map : 0));
	if (unlikely(u->dev && u->dev != e->pin.mfn << PAGE_SHIFT))
		rc = GNTST_general_error;
	else if (e->parts & GNTMAP_host_map)
		rc = unmap_host(u, e, m->flags & GNTMAP_contains_pte);
	if (unlikely(rc || !e->parts))
		return rc;
	e->owner = owner;
	m->flags &= (uint16_t)~e->parts;
	e->last = !(m->flags & PARTS);
	return GNTST_okay;
}

static void unmap_end(struct domain *me, const struct ending *e)
{
	struct frame *f = mfn_to_frame(MFN(e->pin.mfn));

	if (!e->owner)
		return;
	unpin_parts(e->pin, e->parts, e->readonly);
	if (e->parts & GNTMAP_host_map)
		frame_drop(f, e->readonly);
	if (unlikely(e->parts & GNTMAP_device_map))
		frame_drop(f, e->readonly);
	if (e->last) {
		handle_put(me->grant, e->track, e->handle);
		domain_put(e->owner);
	}
}

static NOINLINE void unmap_end_all(struct domain *me, const struct ending *e, unsigned n)
{
	uint64_t others = pv_running_cpus(me, ~0UL) & ~BIT(this_cpu()->id);
	unsigned i;

	tlb_flush_sync();
	if (others)
		tlb_flush_mask(others, n == 1 ? e->page : TLB_ALL);
	for (i = 0; i < n; i++)
		unmap_end(me, &e[i]);
}

/* Of two vcpus that end one mapping, one does. */
static int unmap_begin_locked(struct domain *me, const struct unmap *u, struct ending *e)
{
	int rc;

	spin_lock(&me->grant->unmap_lock);
	rc = unmap_begin(me, u, e);
	spin_unlock(&me->grant->unmap_lock);
	return rc;
}

static NOINLINE int unmap_alone_any(struct domain *me, const struct unmap *u)
{
	struct ending e;
	int rc = unmap_begin(me, u, &e);

	unmap_end(me, &e);
	return rc;
}

/* One processor, a host map of a linear address. */
static inline __attribute__((always_inline)) int unmap_alone(struct domain *me,
							      const struct unmap *u)
{
	struct grant_table *t = me->grant;
	struct domain *owner;
	struct maptrack *m;
	bool readonly;
	struct pin p;
	int rc;

	m = grant_maptrack(t, (uint32_t)index_below(u->handle, t->handles, any));
	if (unlikely(u->dev || !u->host || (m->flags & ~GNTMAP_readonly) != GNTMAP_host_map))
		goto any;
	owner = domain_find(m->domid);
	BUG_ON(!owner);
	readonly = m->flags & GNTMAP_readonly;
	p = grant_pin_at(owner->grant, m->ref);
	rc = pv_grant_unmap(u->host, map_pte(p.mfn, readonly));
	if (unlikely(rc))
		return rc;
	if (u->flush_page)
		tlb_flush_page(u->host);
	else
		tlb_flush_later();
	grant_unpin(p, readonly);
	frame_drop(mfn_to_frame(MFN(p.mfn)), readonly);
	handle_put(t, m, u->handle);
	domain_put(owner);
	return GNTST_okay;
any:
	return unmap_alone_any(me, u);
}

static NOINLINE long unmap_several(struct gnttab_unmap_grant_ref *u, unsigned count)
{
	struct domain *me = current->domain;
	bool flush_page = count <= FLUSH_PAGES_MAX;
	struct gnttab_unmap_grant_ref op;
	struct ending e[ENDINGS];
	unsigned n = 0;
	long rc = 0;

	work_begin();
	for (; count; count--, u++) {
		if (work_spent(MAP_COST)) {
			rc = grant_again(GNTTABOP_unmap_grant_ref, u, count);
			break;
		}
		rc = -EFAULT;
		if (copy_from_guest(&op, u, sizeof(op)))
			break;
		op.status = (int16_t)unmap_begin_locked(
			me,
			&(struct unmap){ op.host_addr, op.dev_bus_addr, 0, op.handle, flush_page },
			&e[n++]);
		if (copy_to_guest(&u->status, &op.status, STATUS_SIZE))
			break;
		rc = 0;
		if (n == ENDINGS) {
			unmap_end_all(me, e, n);
			n = 0;
		}
	}
	if (n)
		unmap_end_all(me, e, n);
	return rc;
}

long grant_unmap(struct gnttab_unmap_grant_ref *u, unsigned count)
{
	struct cpu *c = this_cpu();
	struct domain *me = c->vcpu->domain;
	struct gnttab_unmap_grant_ref op;
	bool flush_page = count <= FLUSH_PAGES_MAX;

	if (unlikely(nr_cpus > 1))
		return unmap_several(u, count);
	work_begin_on(c);
	for (; count; count--, u++) {
		if (unlikely(work_spent_on(c, MAP_COST)))
			return grant_again(GNTTABOP_unmap_grant_ref, u, count);
		if (unlikely(copy_from_guest(&op, u, sizeof(op))))
			return -EFAULT;
		op.status = (int16_t)unmap_alone(me, &(struct unmap){ op.host_addr, op.dev_bus_addr,
								      0, op.handle, flush_page });
		if (unlikely(copy_to_guest(&u->status, &op.status, STATUS_SIZE)))
			return -EFAULT;
	}
	return 0;
}

long grant_unmap_and_replace(struct gnttab_unmap_and_replace *u, unsigned count)
{
	struct domain *me = current->domain;
	struct gnttab_unmap_and_replace op;
	struct ending e;

	work_begin();
	for (; count; count--, u++) {
		if (unlikely(work_spent(MAP_COST)))
			return grant_again(GNTTABOP_unmap_and_replace, u, count);
		if (unlikely(copy_from_guest(&op, u, sizeof(op))))
			return -EFAULT;
		op.status = (int16_t)unmap_begin_locked(
			me, &(struct unmap){ op.host_addr, 0, op.new_addr, op.handle, false }, &e);
		unmap_end_all(me, &e, 1);
		if (unlikely(copy_to_guest(&u->status, &op.status, STATUS_SIZE)))
			return -EFAULT;
	}
	return 0;
}

/*
 * The domain dies: its page tables give the host maps' references back when they go, here are the
 * pins and the device maps'.
 */
int grant_release_maps(struct domain *d)
{
	struct grant_table *t = d->grant;
	struct domain *owner;
	struct maptrack *m;
	struct frame *f;
	struct pin p;

	for (; t->release_pos < t->handles; t->release_pos++) {
		m = grant_maptrack(t, t->release_pos);
		if (m->flags) {
			owner = domain_find(m->domid);
			BUG_ON(!owner);
			p = grant_pin_at(owner->grant, m->ref);
			f = mfn_to_frame(MFN(p.mfn));
			unpin_parts(p, m->flags, m->flags & GNTMAP_readonly);
			if (m->flags & GNTMAP_device_map)
				frame_drop(f, m->flags & GNTMAP_readonly);
			m->flags = 0;
			domain_put(owner);
		}
		if (work_spent(10)) {
			t->release_pos++;
			return -ERESTART;
		}
	}
	return 0;
}

void grant_audit(struct domain *d)
{
	struct grant_table *t = d->grant;
	struct maptrack *m;
	struct domain *owner;
	uint32_t i;

	for (i = 0; i < t->handles; i++) {
		m = grant_maptrack(t, i);
		owner = m->flags & GNTMAP_device_map ? domain_find(m->domid) : NULL;
		if (owner)
			audit_ref(MFN(grant_active(owner->grant, m->ref)->frame),
				  !(m->flags & GNTMAP_readonly));
	}
}
