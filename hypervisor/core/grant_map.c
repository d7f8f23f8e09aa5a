/* SPDX-License-Identifier: MIT */
/*
 * Mapping of granted frames. What a mapping holds:
 *
 *   host map    a reference to the frame, typed writable unless read-only: it belongs to the
 * page-table entry, so that the end of the page table, too, gives it back device map  the same,
 * held by the maptrack entry each        one pin of the grant, held by the maptrack entry
 *
 * The handle holds a reference to the granting domain, too: the guest may clear the page-table
 * entry by itself, and then nothing else keeps the grant that is still pinned.
 */
#include "access.h"
#include "audit.h"
#include "console.h"
#include "grant_table.h"
#include "pv.h"
#include "x86.h"

#define MAP_COST        60 /* units of work */
#define FLUSH_PAGES_MAX 8  /* up to so many pages are flushed one by one */

/*
 * The record of mappings grows by a frame when no free handle is left, up to the limit at creation.
 */
static uint32_t handle_get(struct grant_table *t)
{
	struct maptrack *page;
	uint32_t handle, i;

	spin_lock(&t->lock);
	if (unlikely(t->free_handle == HANDLE_NONE)) {
		page = t->handles < t->max_handles ? hyper_alloc(0) : NULL;
		for (i = 0; page && i < MAPTRACK_PER_FRAME; i++)
			page[i].ref = i + 1 < MAPTRACK_PER_FRAME ? t->handles + i + 1 : HANDLE_NONE;
		if (page) {
			t->maptrack[t->handles / MAPTRACK_PER_FRAME] = page;
			t->free_handle = t->handles;
			WRITE_ONCE(t->handles, t->handles + (uint32_t)MAPTRACK_PER_FRAME);
		}
	}
	handle = t->free_handle;
	if (likely(handle != HANDLE_NONE))
		t->free_handle = grant_maptrack(t, handle)->ref;
	spin_unlock(&t->lock);
	return handle;
}

static void handle_put(struct grant_table *t, uint32_t handle)
{
	struct maptrack *m = grant_maptrack(t, handle);

	spin_lock(&t->lock);
	m->flags = 0;
	m->ref = t->free_handle;
	t->free_handle = handle;
	spin_unlock(&t->lock);
}

/* The reference of one mapping: a writable one keeps the frame from becoming a table. */
static bool frame_hold(struct frame *f, domid_t owner, bool readonly)
{
	return readonly ? frame_get(f, owner) : frame_get_writable(f, owner);
}

static void frame_drop(struct frame *f, bool readonly)
{
	if (readonly)
		frame_put(f);
	else
		frame_put_writable(f);
}

/* Both halves of a PV guest run in ring 3, so an application map is one for the kernel too. */
static uint64_t map_pte(struct frame *f, uint32_t flags)
{
	uint64_t pte = frame_to_mfn(f).n << PAGE_SHIFT | PTE_P | PTE_U | PTE_A | PTE_D;

	if (cpu_features.nx)
		pte |= PTE_NX;
	if (!(flags & GNTMAP_readonly))
		pte |= PTE_W;
	return pte | ((uint64_t)flags >> _GNTMAP_guest_avail0 << 9 & PTE_AVAIL);
}

/* The grant is pinned: take the references that the mapping needs, write the entry. GNTST_*. */
static int map_frame(const struct gnttab_map_grant_ref *op, struct domain *owner, struct frame *f)
{
	bool readonly = op->flags & GNTMAP_readonly;
	int rc = GNTST_okay;

	if (op->flags & GNTMAP_device_map && !frame_hold(f, owner->id, readonly))
		return GNTST_general_error;
	if (op->flags & GNTMAP_host_map) {
		if (frame_hold(f, owner->id, readonly)) {
			rc = pv_grant_map(op->host_addr, map_pte(f, op->flags),
					  op->flags & GNTMAP_contains_pte);
			if (rc)
				frame_drop(f, readonly);
		} else {
			rc = f->owner == owner->id ? GNTST_general_error : GNTST_bad_page;
		}
	}
	if (rc && op->flags & GNTMAP_device_map)
		frame_drop(f, readonly);
	return rc;
}

/* One pin for each of host and device map. */
static int pin_all(const struct gnttab_map_grant_ref *op, struct domain *owner, struct frame **f)
{
	bool readonly = op->flags & GNTMAP_readonly;
	int rc = grant_pin(owner->grant, op->ref, readonly, true, f);

	if (rc || (op->flags & (GNTMAP_host_map | GNTMAP_device_map)) !=
			  (GNTMAP_host_map | GNTMAP_device_map))
		return rc;
	rc = grant_pin(owner->grant, op->ref, readonly, true, f);
	if (rc)
		grant_unpin(owner->grant, op->ref, readonly);
	return rc;
}

static void unpin_all(struct domain *owner, uint32_t ref, uint32_t flags)
{
	if (flags & GNTMAP_host_map)
		grant_unpin(owner->grant, ref, flags & GNTMAP_readonly);
	if (flags & GNTMAP_device_map)
		grant_unpin(owner->grant, ref, flags & GNTMAP_readonly);
}

/* Everything is undone in reverse where a step is refused; the handle becomes known last. */
static int map_one(struct gnttab_map_grant_ref *op)
{
	struct grant_table *t = current->domain->grant;
	struct domain *owner;
	struct maptrack *m;
	struct frame *f;
	uint32_t handle;
	int rc;

	if (unlikely(!(op->flags & (GNTMAP_device_map | GNTMAP_host_map))))
		return GNTST_bad_gntref;
	owner = domain_find(op->dom);
	if (unlikely(!owner))
		return GNTST_bad_domain;
	handle = handle_get(t);
	if (unlikely(handle == HANDLE_NONE))
		return GNTST_no_device_space;
	rc = pin_all(op, owner, &f);
	if (likely(!rc)) {
		rc = map_frame(op, owner, f);
		if (unlikely(rc))
			unpin_all(owner, op->ref, op->flags);
	}
	if (unlikely(rc)) {
		handle_put(t, handle);
		return rc;
	}
	m = grant_maptrack(t, handle);
	m->domid = op->dom;
	m->ref = op->ref;
	domain_hold(owner);
	WRITE_ONCE(m->flags, (uint16_t)op->flags);
	op->dev_bus_addr = frame_to_mfn(f).n << PAGE_SHIFT;
	op->handle = handle;
	return GNTST_okay;
}

long grant_map(struct gnttab_map_grant_ref *u, unsigned count)
{
	struct gnttab_map_grant_ref op;

	work_begin();
	for (; count; count--, u++) {
		if (unlikely(work_spent(MAP_COST)))
			return grant_again(GNTTABOP_map_grant_ref, u, count);
		if (unlikely(copy_from_guest(&op, u, sizeof(op))))
			return -EFAULT;
		op.status = (int16_t)map_one(&op);
		if (unlikely(copy_to_guest(u, &op, sizeof(op))))
			return -EFAULT;
	}
	return 0;
}

/*
 * A mapping that ends, or one of its two parts. First the entry goes, then every processor that may
 * have it in its TLB forgets it, and only then are pin and references given back: the frame's owner
 * may go on to use it when he is told that the mapping ended, without any change that a stamp would
 * tell. On several processors a list shares one flush.
 */
struct ending {
	struct domain *owner; /* NULL: nothing ends */
	struct frame *frame;
	uint64_t page; /* the linear address, or TLB_ALL */
	uint32_t handle, ref;
	uint16_t parts; /* of PARTS */
	bool readonly, last;
};

#define ENDINGS 16
#define PARTS (GNTMAP_host_map | GNTMAP_device_map)

/* The entry goes, its reference becomes ours. GNTST_*. */
static int unmap_host(struct maptrack *m, struct frame *f, uint64_t addr, uint64_t new_addr,
		      bool flush_page)
{
	bool by_pte = m->flags & GNTMAP_contains_pte;
	int rc = pv_grant_unmap(addr, f, by_pte, m->flags & GNTMAP_readonly, new_addr);

	if (rc)
		return rc;
	if (flush_page && !by_pte && !new_addr)
		tlb_flush_page(addr);
	else
		tlb_flush_later();
	return GNTST_okay;
}

/* The mapping ends as far as the addresses say: host part, device part, or both. GNTST_*. */
static int unmap_begin(struct ending *e, uint32_t handle, uint64_t host, uint64_t dev,
		       uint64_t new_addr, bool flush_page)
{
	struct grant_table *t = current->domain->grant;
	struct maptrack *m;
	int rc;

	e->owner = NULL;
	if (unlikely(handle >= t->handles))
		return GNTST_bad_handle;
	m = grant_maptrack(t, (uint32_t)index_nospec(handle, t->handles));
	if (unlikely(!(m->flags & PARTS)))
		return GNTST_bad_handle;
	e->handle = handle;
	e->ref = m->ref;
	e->owner = domain_find(m->domid);
	BUG_ON(!e->owner);
	e->frame = mfn_to_frame(MFN(grant_active(e->owner->grant, m->ref)->frame));
	e->readonly = m->flags & GNTMAP_readonly;
	e->page = m->flags & GNTMAP_contains_pte || new_addr ? TLB_ALL : host;
	e->parts = m->flags & ((host ? GNTMAP_host_map : 0) | (dev ? GNTMAP_device_map : 0));
	rc = GNTST_okay;
	if (unlikely(dev && dev != frame_to_mfn(e->frame).n << PAGE_SHIFT))
		rc = GNTST_general_error;
	else if (e->parts & GNTMAP_host_map)
		rc = unmap_host(m, e->frame, host, new_addr, flush_page);
	if (unlikely(rc || !e->parts)) {
		e->owner = NULL;
		return rc;
	}
	m->flags &= (uint16_t)~e->parts;
	e->last = !(m->flags & PARTS);
	return GNTST_okay;
}

static void unmap_end(struct ending *e)
{
	if (!e->owner)
		return;
	unpin_all(e->owner, e->ref, e->parts | (e->readonly ? GNTMAP_readonly : 0));
	if (e->parts & GNTMAP_host_map)
		frame_drop(e->frame, e->readonly);
	if (unlikely(e->parts & GNTMAP_device_map))
		frame_drop(e->frame, e->readonly);
	if (e->last) {
		handle_put(current->domain->grant, e->handle);
		domain_put(e->owner);
	}
}

static NOINLINE void unmap_end_all(struct ending *e, unsigned n)
{
	uint64_t others = pv_running_cpus(current->domain, ~0UL) & ~BIT(this_cpu()->id);
	unsigned i;

	tlb_flush_sync();
	if (others)
		tlb_flush_mask(others, n == 1 ? e->page : TLB_ALL);
	for (i = 0; i < n; i++)
		unmap_end(&e[i]);
}

/* Of two vcpus that end one mapping, one does. */
static NOINLINE int unmap_begin_locked(struct ending *e, uint32_t handle, uint64_t host,
				       uint64_t dev, uint64_t new_addr, bool flush_page)
{
	struct grant_table *t = current->domain->grant;
	int rc;

	spin_lock(&t->unmap_lock);
	rc = unmap_begin(e, handle, host, dev, new_addr, flush_page);
	spin_unlock(&t->unmap_lock);
	return rc;
}

/* One processor: nobody else has the entry, and the own TLB is flushed before the guest goes on. */
static int unmap_alone(uint32_t handle, uint64_t host, uint64_t dev, uint64_t new_addr,
		       bool flush_page)
{
	struct ending e;
	int rc = unmap_begin(&e, handle, host, dev, new_addr, flush_page);

	unmap_end(&e);
	return rc;
}

long grant_unmap(struct gnttab_unmap_grant_ref *u, unsigned count)
{
	bool flush_page = count <= FLUSH_PAGES_MAX, several = nr_cpus > 1;
	struct gnttab_unmap_grant_ref op = { 0 };
	struct ending e[ENDINGS];
	unsigned n = 0;
	long rc = 0;

	work_begin();
	for (; count; count--, u++) {
		if (unlikely(work_spent(MAP_COST))) {
			rc = grant_again(GNTTABOP_unmap_grant_ref, u, count);
			break;
		}
		rc = -EFAULT;
		if (unlikely(copy_from_guest(&op, u, sizeof(op))))
			break;
		if (likely(!several))
			op.status = (int16_t)unmap_alone(op.handle, op.host_addr, op.dev_bus_addr,
							 0, flush_page);
		else
			op.status = (int16_t)unmap_begin_locked(&e[n++], op.handle, op.host_addr,
								op.dev_bus_addr, 0, flush_page);
		if (unlikely(copy_to_guest(&u->status, &op.status, STATUS_SIZE)))
			break;
		rc = 0;
		if (n == ENDINGS) {
			unmap_end_all(e, n);
			n = 0;
		}
	}
	if (n)
		unmap_end_all(e, n);
	return rc;
}

long grant_unmap_and_replace(struct gnttab_unmap_and_replace *u, unsigned count)
{
	struct gnttab_unmap_and_replace op;
	struct ending e;

	work_begin();
	for (; count; count--, u++) {
		if (unlikely(work_spent(MAP_COST)))
			return grant_again(GNTTABOP_unmap_and_replace, u, count);
		if (unlikely(copy_from_guest(&op, u, sizeof(op))))
			return -EFAULT;
		op.status = (int16_t)unmap_begin_locked(&e, op.handle, op.host_addr, 0,
							op.new_addr, false);
		unmap_end_all(&e, 1);
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

	for (; t->release_pos < t->handles; t->release_pos++) {
		m = grant_maptrack(t, t->release_pos);
		if (m->flags) {
			owner = domain_find(m->domid);
			BUG_ON(!owner);
			f = mfn_to_frame(MFN(grant_active(owner->grant, m->ref)->frame));
			unpin_all(owner, m->ref, m->flags);
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
