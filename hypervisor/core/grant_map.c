/* SPDX-License-Identifier: MIT */
/*
 * Mapping of granted frames. In line is a host map of a linear address; checked are the domain, the
 * grant (grant_pin.h), that the frame is the granting domain's and may be mapped so (one count
 * update), and that the address has an L1 entry of one's own (pv_grant_map).
 */
#include "access.h"
#include "console.h"
#include "grant_handle.h"
#include "pv.h"

/*
 * One more frame of the record: all handles of it but the first, which is the caller's, are free.
 */
uint32_t grant_handle_grow(struct grant_table *t)
{
	uint32_t first = HANDLE_NONE, i;
	struct maptrack *page = NULL;
	uint64_t old;

	spin_lock(&t->lock);
	if (t->handles < t->max_handles)
		page = hyper_alloc(0);
	if (page) {
		first = t->handles;
		for (i = 0; i < MAPTRACK_PER_FRAME; i++)
			page[i].ref = first + i + 1;
		t->maptrack[first / MAPTRACK_PER_FRAME] = page;
		/* The page stands before a handle of it is known. */
		__atomic_store_n(&t->handles, first + (uint32_t)MAPTRACK_PER_FRAME,
				 __ATOMIC_RELEASE);
		old = __atomic_load_n(&t->free, __ATOMIC_RELAXED);
		do
			page[MAPTRACK_PER_FRAME - 1].ref = (uint32_t)old;
		while (!__atomic_compare_exchange_n(&t->free, &old,
						    ((old >> 32) + 1) << 32 | (first + 1), true,
						    __ATOMIC_RELEASE, __ATOMIC_RELAXED));
	}
	spin_unlock(&t->lock);
	return first;
}

/*
 * The grant is pinned: take the reference that the entry needs, write it. GNTST_*. Both halves of a
 * PV guest run in ring 3, so an application map is one for the kernel too.
 */
static inline __attribute__((always_inline)) int map_host(uint64_t addr, uint32_t flags,
							   domid_t owner, uint64_t mfn)
{
	bool readonly = flags & GNTMAP_readonly;
	struct frame *f = mfn_to_frame(MFN(mfn));
	uint64_t pte = map_pte(mfn, readonly) | PTE_U | PTE_A | PTE_D;
	int rc;

	if (likely(cpu_features.nx))
		pte |= PTE_NX;
	if (unlikely(!frame_hold(f, owner, readonly)))
		return f->owner == owner ? GNTST_general_error : GNTST_bad_page;
	if (flags & ~GNTMAP_readonly)
		pte |= (uint64_t)flags >> _GNTMAP_guest_avail0 << 9 & PTE_AVAIL;
	rc = flags & GNTMAP_contains_pte ? pv_grant_map_pte(addr, pte) : pv_grant_map(addr, pte);
	if (unlikely(rc))
		frame_drop(f, readonly);
	return rc;
}

static int pin_any(struct grant_table *t, const struct gnttab_map_grant_ref *op, struct pin *p)
{
	int rc = grant_pin_slowly(t, op->ref, op->flags & GNTMAP_readonly, true);

	if (!rc)
		*p = grant_pin_at(t, op->ref);
	return rc;
}

static NOINLINE int map_host_any(const struct gnttab_map_grant_ref *op, domid_t owner, uint64_t mfn)
{
	return map_host(op->host_addr, op->flags, owner, mfn);
}

/* A mapping for a device, and may be a host map too: one pin and one reference for each. */
static int map_device(const struct gnttab_map_grant_ref *op, struct domain *me,
		      struct domain *owner, struct pin *p)
{
	bool readonly = op->flags & GNTMAP_readonly;
	struct frame *f;
	int rc = pin_any(owner->grant, op, p);

	if (!rc && op->flags & GNTMAP_host_map) {
		rc = pin_any(owner->grant, op, p);
		if (rc)
			unpin_parts(*p, GNTMAP_host_map, readonly);
	}
	if (rc)
		return rc;
	f = mfn_to_frame(MFN(p->mfn));
	if (!frame_hold(f, owner->id, readonly)) {
		unpin_parts(*p, op->flags, readonly);
		return GNTST_general_error;
	}
	if (op->flags & GNTMAP_host_map)
		rc = map_host_any(op, owner->id, p->mfn);
	if (rc) {
		frame_drop(f, readonly);
		unpin_parts(*p, op->flags, readonly);
	}
	return rc;
}

static void handle_fill(struct maptrack *m, domid_t dom, uint32_t ref, uint32_t flags)
{
	m->domid = dom;
	m->ref = ref;
	WRITE_ONCE(m->flags, (uint16_t)flags);
}

/* Any flags. Everything is undone in reverse where a step is refused; the handle is known last. */
static int map_any(struct domain *me, struct gnttab_map_grant_ref *op)
{
	struct domain *owner;
	struct maptrack *m;
	uint32_t handle;
	struct pin p;
	int rc;

	if (!(op->flags & PARTS))
		return GNTST_bad_gntref;
	owner = domain_find(op->dom);
	if (!owner)
		return GNTST_bad_domain;
	handle = handle_get(me->grant, &m);
	if (handle == HANDLE_NONE)
		return GNTST_no_space;
	if (op->flags & GNTMAP_device_map) {
		rc = map_device(op, me, owner, &p);
	} else {
		rc = pin_any(owner->grant, op, &p);
		if (!rc) {
			rc = map_host_any(op, owner->id, p.mfn);
			if (rc)
				unpin_parts(p, GNTMAP_host_map, op->flags & GNTMAP_readonly);
		}
	}
	if (rc) {
		handle_put(me->grant, m, handle);
		return rc;
	}
	domain_hold(owner);
	handle_fill(m, op->dom, op->ref, op->flags);
	op->handle = handle;
	op->dev_bus_addr = p.mfn << PAGE_SHIFT;
	return GNTST_okay;
}

static NOINLINE int map_any_at(struct gnttab_map_grant_ref *u)
{
	struct gnttab_map_grant_ref op;

	if (copy_from_guest(&op, u, sizeof(op)))
		return -EFAULT;
	op.status = (int16_t)map_any(current->domain, &op);
	return copy_to_guest(u, &op, sizeof(op)) ? -EFAULT : 0;
}

/* What is asked for, in registers: a host map of a linear address. */
struct plain {
	uint64_t addr;
	uint32_t ref;
	domid_t dom;
};

/* GNTST_okay: *handle and *mfn tell what was mapped. */
static inline __attribute__((always_inline)) int
map_plain(struct grant_table *mine, struct plain op, bool readonly, uint32_t *handle, uint64_t *mfn)
{
	struct domain *owner = domain_find(op.dom);
	struct maptrack *m;
	struct pin p;
	int rc;

	if (unlikely(!owner))
		return GNTST_bad_domain;
	*handle = handle_get(mine, &m);
	if (unlikely(*handle == HANDLE_NONE))
		return GNTST_no_space;
	rc = grant_pin(owner->grant, op.ref, mine, readonly, true, &p);
	if (unlikely(rc))
		goto free;
	rc = map_host(op.addr, readonly ? GNTMAP_readonly : 0, owner->id, p.mfn);
	if (unlikely(rc))
		goto unpin;
	domain_hold(owner);
	handle_fill(m, op.dom, op.ref,
		    readonly ? GNTMAP_host_map | GNTMAP_readonly : GNTMAP_host_map);
	*mfn = p.mfn;
	return GNTST_okay;
unpin:
	grant_unpin(p, readonly);
free:
	handle_put(mine, m, *handle);
	return rc;
}

/*
 * What is asked is read once, word by word; the answers are status, handle and bus address.
 */
static inline __attribute__((always_inline)) int map_at(struct grant_table *mine,
							 struct gnttab_map_grant_ref *u)
{
	const guest_u64 *words = (guest_u64 *)u;
	uint64_t addr, flags_ref, mfn = 0;
	uint32_t whose, handle = 0;
	struct plain op;
	int rc;

	if (unlikely(!guest_range_ok(u, sizeof(*u))))
		return -EFAULT;
	guest_open();
	guest_load(addr, &words[0], fault);
	guest_load(flags_ref, &words[1], fault);
	guest_load(whose, (guest_u32 *)&words[2], fault);
	guest_close();
	op = (struct plain){ addr, (uint32_t)(flags_ref >> 32), (domid_t)whose };
	if (likely((uint32_t)flags_ref == GNTMAP_host_map))
		rc = map_plain(mine, op, false, &handle, &mfn);
	else if ((uint32_t)flags_ref == (GNTMAP_host_map | GNTMAP_readonly))
		rc = map_plain(mine, op, true, &handle, &mfn);
	else
		return map_any_at(u);
	guest_open();
	guest_store(&u->status, (int16_t)rc, fault);
	if (likely(!rc)) {
		guest_store(&u->handle, handle, fault);
		guest_store(&u->dev_bus_addr, mfn << PAGE_SHIFT, fault);
	}
	guest_close();
	return 0;
fault:
	guest_close();
	return -EFAULT;
}

long grant_map(struct gnttab_map_grant_ref *u, unsigned count)
{
	struct cpu *c = this_cpu();
	struct grant_table *mine = c->vcpu->domain->grant;

	work_begin_on(c);
	for (; count; count--, u++) {
		if (unlikely(work_spent_on(c, MAP_COST)))
			return grant_again(GNTTABOP_map_grant_ref, u, count);
		if (unlikely(map_at(mine, u)))
			return -EFAULT;
	}
	return 0;
}
