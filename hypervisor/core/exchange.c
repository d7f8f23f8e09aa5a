/* SPDX-License-Identifier: MIT */
/*
 * XENMEM_exchange: frames of a domain for others, mostly scattered ones for contiguous. Worked in
 * chunks: the larger extent of the two sides, and as many small ones. A chunk is read and checked,
 * its new frames are allocated, its old ones taken away from everybody; only then something changes
 * for good.
 */
#include "access.h"
#include "block.h"
#include "console.h"
#include "domain.h"
#include "hypercall.h"
#include "memory_op.h"

#define CHUNK_ORDER_MAX 9
#define CHUNK_MAX       (1u << CHUNK_ORDER_MAX)

struct chunk {
	struct domain *domain;
	unsigned in_order, out_order; /* of the extents */
	unsigned order;               /* of the chunk: the larger one */
	unsigned max_bits;
	uint32_t in[CHUNK_MAX];  /* frames to be given */
	uint32_t out[CHUNK_MAX]; /* first frames of the extents to be had, and where they shall go:
				  */
	xen_pfn_t pfn[CHUNK_MAX];
};

/* How many extents of each side make a chunk. */
static unsigned in_extents(const struct chunk *c)
{
	return 1u << (c->order - c->in_order);
}
static unsigned out_extents(const struct chunk *c)
{
	return 1u << (c->order - c->out_order);
}

/* All that the guest says about this chunk, read once. */
static int chunk_read(struct chunk *c, const xen_pfn_t *in, const xen_pfn_t *out)
{
	unsigned i, j;
	xen_pfn_t mfn;

	for (i = 0; i < in_extents(c); i++) {
		if (copy_from_guest(&mfn, in + i, sizeof(mfn)))
			return -EFAULT;
		for (j = 0; j < 1u << c->in_order; j++) {
			if (mfn + j < mfn || !mfn_valid(MFN(mfn + j)))
				return -EINVAL;
			c->in[(i << c->in_order) + j] = (uint32_t)(mfn + j);
		}
	}
	return copy_from_guest(c->pfn, out, out_extents(c) * sizeof(*out)) ? -EFAULT : 0;
}

/* The new frames, nobody's yet. */
static int chunk_alloc(struct chunk *c)
{
	unsigned i;
	struct frame *f;

	for (i = 0; i < out_extents(c); i++) {
		f = frame_alloc(NULL, c->out_order, c->max_bits, false);
		if (!f)
			break;
		c->out[i] = (uint32_t)frame_to_mfn(f).n;
	}
	if (i == out_extents(c))
		return 0;
	while (i--)
		frame_free_unowned(&frame_table[c->out[i]], c->out_order);
	return -ENOMEM;
}

/* Nobody but the owner's allocation holds the frame: then it is nobody's. */
static bool steal(struct domain *d, struct frame *f)
{
	uint64_t s = __atomic_load_n(&f->state, __ATOMIC_RELAXED);

	if ((s & (FRAME_REFS | FRAME_TREFS | FRAME_ALLOCATED | FRAME_HYPER | FRAME_PINNED |
		  FRAME_PARTIAL)) != (FRAME_REF | FRAME_ALLOCATED) ||
	    f->owner != d->id)
		return false;
	return __atomic_compare_exchange_n(&f->state, &s, 0, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

/* All of the old frames, or none, and then the new ones go back too. */
static int chunk_steal(struct chunk *c)
{
	unsigned i, n = 1u << c->order;

	for (i = 0; i < n; i++)
		if (!steal(c->domain, &frame_table[c->in[i]]))
			break;
	if (i == n)
		return 0;
	while (i--)
		frame_table[c->in[i]].state = FRAME_ALLOCATED | FRAME_REF;
	for (i = 0; i < out_extents(c); i++)
		frame_free_unowned(&frame_table[c->out[i]], c->out_order);
	return -EINVAL;
}

/* A dying domain's frames go one way only. */
static int chunk_drop(struct chunk *c)
{
	unsigned i;

	domain_hold(c->domain); /* it owns nothing afterwards, perhaps */
	for (i = 0; i < 1u << c->order; i++)
		frame_release(&frame_table[c->in[i]]);
	for (i = 0; i < out_extents(c); i++)
		frame_free_unowned(&frame_table[c->out[i]], c->out_order);
	domain_put(c->domain);
	return -EINVAL;
}

static int chunk_commit(struct chunk *c, xen_pfn_t *out)
{
	unsigned i, j;
	xen_pfn_t mfn;
	int rc = 0;

	if (!frames_swap(c->domain, c->in, c->out, c->out_order, 1u << c->order))
		return chunk_drop(c);
	for (i = 0; i < out_extents(c); i++) {
		mfn = c->out[i];
		for (j = 0; j < 1u << c->out_order; j++)
			m2p_set(MFN(mfn + j), c->pfn[i] + j);
		if (copy_to_guest(out + i, &mfn, sizeof(mfn)))
			rc = -EFAULT;
	}
	return rc;
}

static int exchange_check(const struct xen_memory_exchange *x)
{
	const struct xen_memory_reservation *in = &x->in, *out = &x->out;
	unsigned in_shift = in->extent_order, out_shift = out->extent_order;

	if (MAX(in_shift, out_shift) > memory_max_order())
		return -EPERM;
	if (x->nr_exchanged > in->nr_extents || in->domid != out->domid ||
	    in->nr_extents > ~0UL >> in_shift || out->nr_extents > ~0UL >> out_shift ||
	    in->nr_extents << in_shift != out->nr_extents << out_shift)
		return -EINVAL;
	if (!guest_range_ok(in->extent_start.p, in->nr_extents * sizeof(xen_pfn_t)) ||
	    !guest_range_ok(out->extent_start.p, out->nr_extents * sizeof(xen_pfn_t)))
		return -EFAULT;
	return MAX(in_shift, out_shift) > CHUNK_ORDER_MAX ? -ENOMEM : 0;
}

/*
 * nr_exchanged is the progress: it stands in the guest's structure, and a continuation begins
 * there.
 */
static int exchange_run(struct xen_memory_exchange *x, struct chunk *c)
{
	unsigned long first;
	xen_pfn_t *out;
	int rc = 0;

	while (!rc && x->nr_exchanged < x->in.nr_extents) {
		first = x->nr_exchanged << x->in.extent_order >> x->out.extent_order;
		out = x->out.extent_start.p + first;
		rc = chunk_read(c, x->in.extent_start.p + x->nr_exchanged, out);
		if (!rc)
			rc = chunk_alloc(c);
		if (!rc)
			rc = chunk_steal(c);
		if (rc)
			break;
		rc = chunk_commit(c, out);
		x->nr_exchanged += in_extents(c);
		if (work_spent(100 << c->order) && x->nr_exchanged < x->in.nr_extents)
			return -ERESTART;
	}
	return rc;
}

long memory_exchange(void *arg)
{
	struct xen_memory_exchange x, *u = arg;
	struct chunk *c;
	long rc;

	if (copy_from_guest(&x, arg, sizeof(x)))
		return -EFAULT;
	rc = exchange_check(&x);
	if (rc || x.nr_exchanged == x.in.nr_extents)
		return rc;
	c = heap_alloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	rc = memory_max_bits(&x.out);
	c->max_bits = (unsigned)MAX(rc, 0L);
	rc = rc < 0 ? rc : domain_lookup(x.in.domid, &c->domain);
	if (!rc) {
		c->in_order = x.in.extent_order;
		c->out_order = x.out.extent_order;
		c->order = MAX(c->in_order, c->out_order);
		work_begin();
		rc = exchange_run(&x, c);
		domain_put(c->domain);
	}
	heap_free(c);
	if (copy_to_guest(&u->nr_exchanged, &x.nr_exchanged, sizeof(x.nr_exchanged)))
		return -EFAULT;
	if (rc == -ERESTART)
		return hypercall_continue(__HYPERVISOR_memory_op, 2, (unsigned long)XENMEM_exchange,
					  arg);
	return rc;
}
