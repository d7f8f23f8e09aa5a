/* SPDX-License-Identifier: MIT */
/*
 * Grant tables: their frames, and the operations on the table itself. Mapping is in grant_map.c,
 * copying in grant_copy.c, what both do to an entry in grant_pin.h.
 *
 * Version 1 and no transfers, as stock Xen with gnttab=max-ver:1,no-transfer: entries of version 2
 * would double every lookup for features that no frontend or backend needs, and guests fall back
 * when it is refused. Linux asks for it only where frames have numbers of more than 32 bits, and
 * for transfers never.
 */
#include "access.h"
#include "console.h"
#include "domain.h"
#include "grant_table.h"
#include "hypercall.h"
#include "lib/string.h"
#include "param.h"

#define FRAMES_LIMIT          64
#define SWAP_COST             20 /* units of work */
#define MAPTRACK_FRAMES_LIMIT 1024

/* Xen's option, as far as it can be met: a list of what is so in any case. */
static int parse_gnttab(const char *s)
{
	static const char *const words[] = { "max-ver:1", "no-transfer", "no-transitive" };
	size_t len, i;

	for (;; s += len + 1) {
		len = 0;
		while (s[len] && s[len] != ',')
			len++;
		for (i = 0; i < ARRAY_SIZE(words); i++)
			if (strlen(words[i]) == len && !memcmp(s, words[i], len))
				break;
		if (i == ARRAY_SIZE(words))
			return -EINVAL;
		if (!s[len])
			return 0;
	}
}
PARAM(gnttab, PARAM_FN, parse_gnttab, "max-ver:1, no-transfer, no-transitive: so in any case");

/* One more frame of entries, with its active entries. Table locked, or not yet known. */
static int grow(struct domain *d, struct grant_table *t)
{
	void *shared = hyper_alloc(0), *active = hyper_alloc(0);

	if (!shared || !active) {
		if (shared)
			hyper_free(shared, 0);
		if (active)
			hyper_free(active, 0);
		return -ENOMEM;
	}
	t->shared[t->frames] = shared;
	t->active[t->frames] = active;
	WRITE_ONCE(t->frames, t->frames + 1);
	return 0;
}

/* So that the table has n frames. 0, -EINVAL, -ENOMEM. */
int grant_grow(struct domain *d, uint32_t n)
{
	struct grant_table *t = d->grant;
	int rc = 0;

	if (n > t->max_frames)
		return -EINVAL;
	spin_lock(&t->lock);
	if (d->dying) /* under the lock, which grant_unshare takes after it died */
		rc = -EINVAL;
	while (!rc && t->frames < n) {
		rc = grow(d, t);
		if (!rc)
			frame_share(d, t->shared[t->frames - 1], true);
	}
	spin_unlock(&t->lock);
	return rc;
}

int grant_init(struct domain *d, uint32_t max_frames, uint32_t max_maptrack)
{
	struct grant_table *t;

	if (max_frames < 1 || max_frames > FRAMES_LIMIT || max_maptrack > MAPTRACK_FRAMES_LIMIT)
		return -EINVAL;
	t = heap_alloc(sizeof(*t));
	if (!t)
		return -ENOMEM;
	d->grant = t;
	spin_init(&t->lock, LOCK_GRANT);
	spin_init(&t->unmap_lock, LOCK_UNMAP);
	t->max_frames = max_frames;
	t->permit = (uint32_t)d->id << 16 | GTF_permit_access;
	t->max_handles = max_maptrack * (uint32_t)MAPTRACK_PER_FRAME;
	t->free = HANDLE_NONE;
	t->shared = heap_alloc(max_frames * sizeof(*t->shared));
	t->active = heap_alloc(max_frames * sizeof(*t->active));
	t->maptrack = heap_alloc(MAX(max_maptrack, 1u) * sizeof(*t->maptrack));
	if (!t->shared || !t->active || !t->maptrack)
		return -ENOMEM;
	return grow(d, t);
}

void grant_share(struct domain *d)
{
	frame_share(d, d->grant->shared[0], true);
}

void grant_unshare(struct domain *d)
{
	uint32_t i;

	spin_lock(&d->grant->lock);
	spin_unlock(&d->grant->lock);
	for (i = 0; i < d->grant->frames; i++)
		frame_unshare(d->grant->shared[i]);
}

/* Nobody has it any more: no frame of the domain is mapped, so no grant of it is pinned. */
void grant_destroy(struct domain *d)
{
	struct grant_table *t = d->grant;
	uint32_t i;

	if (!t)
		return;
	for (i = 0; i < t->frames; i++) {
		hyper_free(t->shared[i], 0);
		hyper_free(t->active[i], 0);
	}
	for (i = 0; i < t->handles / MAPTRACK_PER_FRAME; i++)
		hyper_free(t->maptrack[i], 0);
	heap_free(t->shared);
	heap_free(t->active);
	heap_free(t->maptrack);
	heap_free(t);
	d->grant = NULL;
}

spinlock_t *grant_lock(struct domain *d, bool unmap)
{
	return unmap ? &d->grant->unmap_lock : &d->grant->lock;
}

uint32_t grant_max_frames(const struct domain *d)
{
	return d->grant->max_frames;
}

mfn_t grant_table_mfn(struct domain *d, uint32_t i)
{
	if (i >= d->grant->frames && grant_grow(d, i + 1))
		return MFN_NONE;
	return virt_to_mfn(d->grant->shared[i]);
}

long grant_again(unsigned cmd, void *uop, unsigned count)
{
	return hypercall_continue(__HYPERVISOR_grant_table_op, 3, (unsigned long)cmd, uop,
				  (unsigned long)count);
}

/* The domain that a table operation names. GNTST_*. With a reference. */
static int16_t lookup(domid_t id, struct domain **d)
{
	int rc = domain_lookup(id, d);

	return rc == -ESRCH ? GNTST_bad_domain : rc ? GNTST_permission_denied : GNTST_okay;
}

static int16_t setup(const struct gnttab_setup_table *op)
{
	struct domain *d;
	xen_pfn_t mfn;
	uint32_t i;
	int16_t status = lookup(op->dom, &d);

	if (status)
		return status;
	if (grant_grow(d, op->nr_frames))
		status = GNTST_general_error;
	for (i = 0; !status && i < op->nr_frames; i++) {
		mfn = virt_to_mfn(d->grant->shared[i]).n;
		if (copy_to_guest(op->frame_list.p + i, &mfn, sizeof(mfn)))
			status = GNTST_bad_virt_addr;
	}
	domain_put(d);
	return status;
}

static long op_setup_table(struct gnttab_setup_table *uop, unsigned count)
{
	struct gnttab_setup_table op;

	if (count != 1)
		return -EINVAL;
	if (copy_from_guest(&op, uop, sizeof(op)) || !guest_list_ok(op.frame_list.p))
		return -EFAULT;
	op.status = setup(&op);
	return copy_to_guest(&uop->status, &op.status, sizeof(op.status)) ? -EFAULT : 0;
}

static long op_query_size(struct gnttab_query_size *uop, unsigned count)
{
	struct gnttab_query_size op;
	struct domain *d;

	if (count != 1)
		return -EINVAL;
	if (copy_from_guest(&op, uop, sizeof(op)))
		return -EFAULT;
	op.status = lookup(op.dom, &d);
	if (!op.status) {
		op.nr_frames = d->grant->frames;
		op.max_nr_frames = d->grant->max_frames;
		domain_put(d);
	}
	return copy_to_guest(uop, &op, sizeof(op)) ? -EFAULT : 0;
}

/* The answer tells the version that holds, whatever was asked. */
static long op_set_version(struct gnttab_set_version *uop)
{
	struct gnttab_set_version op;
	long rc;

	if (copy_from_guest(&op, uop, sizeof(op)))
		return -EFAULT;
	rc = op.version == 1 ? 0 : op.version == 2 ? -ENOSYS : -EINVAL;
	op.version = 1;
	return copy_to_guest(uop, &op, sizeof(op)) ? -EFAULT : rc;
}

static long op_get_version(struct gnttab_get_version *uop)
{
	struct gnttab_get_version op;
	struct domain *d;
	int rc;

	if (copy_from_guest(&op, uop, sizeof(op)))
		return -EFAULT;
	rc = domain_lookup(op.dom, &d);
	if (rc)
		return rc;
	domain_put(d);
	op.version = 1;
	return copy_to_guest(uop, &op, sizeof(op)) ? -EFAULT : 0;
}

/* Status frames belong to version 2: there are none, and none is all one can have. */
static long op_get_status_frames(struct gnttab_get_status_frames *uop, unsigned count)
{
	struct gnttab_get_status_frames op;
	struct domain *d;

	if (count != 1)
		return -EINVAL;
	if (copy_from_guest(&op, uop, sizeof(op)) || !guest_list_ok(op.frame_list.p))
		return -EFAULT;
	op.status = lookup(op.dom, &d);
	if (!op.status) {
		domain_put(d);
		op.status = op.nr_frames ? GNTST_general_error : GNTST_okay;
	}
	return copy_to_guest(&uop->status, &op.status, sizeof(op.status)) ? -EFAULT : 0;
}

/* Entries in use stay where they are; the lower one is locked first. */
static int16_t swap(struct grant_table *t, uint32_t a, uint32_t b)
{
	struct grant_entry_v1 entry;
	struct active *first, *second;
	int16_t status = GNTST_okay;

	if (!grant_ref_valid(t, a) || !grant_ref_valid(t, b))
		return GNTST_bad_gntref;
	if (a == b)
		return GNTST_okay;
	first = grant_active(t, MIN(a, b));
	second = grant_active(t, MAX(a, b));
	active_lock(first);
	active_lock(second);
	if (first->readers | first->writers | second->readers | second->writers) {
		status = GNTST_eagain;
	} else {
		entry = *grant_shared(t, a);
		*grant_shared(t, a) = *grant_shared(t, b);
		*grant_shared(t, b) = entry;
	}
	active_unlock(second);
	active_unlock(first);
	return status;
}

static long op_swap(struct gnttab_swap_grant_ref *uop, unsigned count)
{
	struct gnttab_swap_grant_ref op;

	work_begin();
	for (; count; count--, uop++) {
		if (work_spent(SWAP_COST))
			return grant_again(GNTTABOP_swap_grant_ref, uop, count);
		if (copy_from_guest(&op, uop, sizeof(op)))
			return -EFAULT;
		op.status = swap(current->domain->grant, op.ref_a, op.ref_b);
		if (copy_to_guest(&uop->status, &op.status, sizeof(op.status)))
			return -EFAULT;
	}
	return 0;
}

static NOINLINE long table_op(unsigned cmd, void *uop, unsigned count)
{
	switch (cmd) {
	case GNTTABOP_unmap_and_replace:
		return grant_unmap_and_replace(uop, count);
	case GNTTABOP_setup_table:
		return op_setup_table(uop, count);
	case GNTTABOP_query_size:
		return op_query_size(uop, count);
	case GNTTABOP_set_version:
		return op_set_version(uop);
	case GNTTABOP_get_version:
		return op_get_version(uop);
	case GNTTABOP_get_status_frames:
		return op_get_status_frames(uop, count);
	case GNTTABOP_swap_grant_ref:
		return op_swap(uop, count);
	case GNTTABOP_transfer:
	case GNTTABOP_cache_flush:
		return -EOPNOTSUPP;
	default:
		return -ENOSYS;
	}
}

/* Backends spend their time in the first three. */
long do_grant_table_op(unsigned cmd, void *uop, unsigned count)
{
	if (unlikely((int)count < 0))
		return -EINVAL;
	if (cmd == GNTTABOP_copy)
		return grant_copy(uop, count);
	if (cmd == GNTTABOP_map_grant_ref)
		return grant_map(uop, count);
	if (cmd == GNTTABOP_unmap_grant_ref)
		return grant_unmap(uop, count);
	return table_op(cmd, uop, count);
}
