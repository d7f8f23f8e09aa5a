/* SPDX-License-Identifier: MIT */
/*
 * memory_op, what tells about memory: the maps of the machine and of a domain, M2P, grant table
 * frames.
 */
#include "access.h"
#include "console.h"
#include "domain.h"
#include "frame.h"
#include "memory_op.h"
#include "vcpu.h"
#include "x86.h"

#define MAP_MAX     128
#define PIECE_PAGES 512UL

/* Where guests see the M2P, and how far it goes on this machine. */
long memory_machphys(void *arg)
{
	struct xen_machphys_mapping m = {
		.v_start = MACH2PHYS_VIRT_START,
		.v_end = MACH2PHYS_VIRT_END,
		.max_mfn = max_mfn - 1,
	};

	return copy_to_guest(arg, &m, sizeof(m)) ? -EFAULT : 0;
}

/*
 * Where the M2P's 2 MiB piece at va begins in the machine, as the hypervisor's own tables have it.
 */
static mfn_t m2p_piece(uint64_t va)
{
	uint64_t *table = hyper_l4, e = table[va >> 39 & 511];
	unsigned shift;

	for (shift = 30; !(e & PTE_PS) && shift >= PAGE_SHIFT; shift -= 9) {
		table = mfn_to_virt(pte_mfn(e));
		e = table[va >> shift & 511];
	}
	return pte_mfn(e);
}

/*
 * For privileged domains to map as DOMID_XEN's, read-only: the type ref that they have for good
 * sees to that.
 */
static void m2p_share(mfn_t first, uint64_t pages)
{
	const uint64_t shared =
		FRAME_HYPER + 2 * FRAME_REF + FRAME_TREF + TYPE_DESC + FRAME_VALID;
	struct frame *f;

	for (f = mfn_to_frame(first); pages--; f++) {
		uint64_t s = READ_ONCE(f->state);

		f->owner = DOMID_XEN;
		if (!(s & FRAME_HYPER))
			(void)__atomic_compare_exchange_n(&f->state, &s, shared, false,
							  __ATOMIC_RELEASE, __ATOMIC_RELAXED);
	}
}

/* The same table by its frames, in pieces of 2 MiB, for tools that map it. */
long memory_machphys_list(void *arg)
{
	uint64_t pages = DIV_ROUND_UP(max_mfn * sizeof(uint64_t), PAGE_SIZE), i, n;
	struct xen_machphys_mfn_list list;
	xen_pfn_t mfn;

	if (copy_from_guest(&list, arg, sizeof(list)))
		return -EFAULT;
	n = MIN(DIV_ROUND_UP(pages, PIECE_PAGES), (uint64_t)list.max_extents);
	for (i = 0; i < n; i++) {
		mfn = m2p_piece(M2P_VIRT + i * PIECE_PAGES * PAGE_SIZE).n;
		m2p_share(MFN(mfn), MIN(pages - i * PIECE_PAGES, PIECE_PAGES));
		if (copy_to_guest(list.extent_start.p + i, &mfn, sizeof(mfn)))
			return -EFAULT;
	}
	list.nr_extents = (unsigned)n;
	return copy_to_guest(arg, &list, sizeof(list)) ? -EFAULT : 0;
}

/* Hands out n entries, if they fit; without a buffer, only how many there are. */
static long map_out(void *arg, struct xen_memory_map *m, const struct e820entry *e, unsigned n,
		    bool all)
{
	if (m->buffer.p) {
		if (all && m->nr_entries < n)
			return -EINVAL;
		n = MIN(m->nr_entries, n);
		if (copy_to_guest(m->buffer.p, e, n * sizeof(*e)))
			return -EFAULT;
	}
	m->nr_entries = n;
	return copy_to_guest(arg, m, sizeof(*m)) ? -EFAULT : 0;
}

long memory_map(void *arg)
{
	struct domain *d = current->domain;
	struct xen_memory_map m;

	if (copy_from_guest(&m, arg, sizeof(m)))
		return -EFAULT;
	return d->map ? map_out(arg, &m, d->map, d->map_count, false) : -ENOSYS;
}

long memory_machine_map(void *arg)
{
	struct xen_memory_map m;

	if (!current->domain->privileged)
		return -EPERM;
	if (copy_from_guest(&m, arg, sizeof(m)))
		return -EFAULT;
	return map_out(arg, &m, e820, e820_count, true);
}

/* What a domain will be told its memory looks like. A later one replaces it. */
long memory_set_map(void *arg)
{
	struct xen_foreign_memory_map m;
	struct e820entry *map, *old;
	struct domain *d;
	size_t size;
	int rc;

	if (copy_from_guest(&m, arg, sizeof(m)))
		return -EFAULT;
	if (m.map.nr_entries > MAP_MAX)
		return -EINVAL;
	rc = domain_lookup(m.domid, &d);
	if (rc)
		return rc;
	size = m.map.nr_entries * sizeof(*map);
	map = heap_alloc(size);
	if (!map) {
		rc = -ENOMEM;
	} else if (copy_from_guest(map, m.map.buffer.p, size)) {
		rc = -EFAULT;
		heap_free(map);
	} else {
		spin_lock(&d->lock);
		old = d->map;
		d->map = map;
		d->map_count = m.map.nr_entries;
		spin_unlock(&d->lock);
		heap_free(old);
	}
	domain_put(d);
	return rc;
}

static long resource_frames(struct domain *d, const struct xen_mem_acquire_resource *r)
{
	xen_pfn_t pfn;
	uint32_t i;
	mfn_t mfn;

	for (i = 0; i < r->nr_frames; i++) {
		mfn = grant_table_mfn(d, (uint32_t)r->frame + i);
		if (mfn_is_none(mfn))
			return -ENOMEM;
		pfn = mfn.n;
		if (copy_to_guest(r->frame_list.p + i, &pfn, sizeof(pfn)))
			return -EFAULT;
	}
	return 0;
}

/*
 * The grant table's frames of a domain that is being built; a privileged caller maps them as
 * foreign ones.
 */
long memory_acquire_resource(void *arg)
{
	struct xen_mem_acquire_resource r;
	struct domain *d;
	long rc;

	if (copy_from_guest(&r, arg, sizeof(r)))
		return -EFAULT;
	if (r.pad)
		return -EINVAL;
	if (r.domid == DOMID_SELF || r.domid == current->domain->id)
		return r.domid == DOMID_SELF ? -ESRCH : -EPERM; /* only of others */
	rc = domain_lookup(r.domid, &d);
	if (rc)
		return rc;
	if (r.type != XENMEM_resource_grant_table) {
		rc = -EOPNOTSUPP;
	} else if (r.id != XENMEM_resource_grant_table_id_shared) {
		rc = -EINVAL;
	} else if (!r.frame_list.p) {
		rc = r.nr_frames || r.frame ? -EINVAL : 0;
		r.nr_frames = grant_max_frames(d);
		if (!rc && copy_to_guest(arg, &r, sizeof(r)))
			rc = -EFAULT;
	} else if (!r.nr_frames || r.frame + r.nr_frames < r.frame ||
		   r.frame + r.nr_frames > grant_max_frames(d)) {
		rc = -EINVAL;
	} else {
		rc = resource_frames(d, &r);
	}
	domain_put(d);
	return rc;
}
