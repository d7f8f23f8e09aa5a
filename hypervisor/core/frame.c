/* SPDX-License-Identifier: MIT */
/*
 * Who owns each frame: allocation to domains and to the hypervisor, and the way back.
 *
 * The life of a domain's frame: block_take finds it free; frame_assign makes the domain its owner,
 * with one reference for the allocation itself. Mappings and the like come and go with references
 * of their own. frame_unallocate takes the first one away again, by the owner's wish or at its end;
 * whoever puts the last one, often another domain that had it mapped, gets to frame_release, and
 * the frame is free.
 *
 * A domain's frames hang on a list through the frame table, doubly linked by frame number. A domain
 * with at least one frame, or one shared frame of the hypervisor, is held by a reference, so that a
 * frame's owner always exists and domain_find(f->owner) never fails.
 *
 * A frame of the hypervisor is FRAME_SUPER without references, so nobody can get one; while it is
 * shared (frame_share) it is FRAME_HYPER with references like any other, but its memory never goes
 * to the allocator by their end: the domain frees it when itself goes. Types are pv/type.c's
 * business, free blocks block.c's.
 */
#include "block.h"
#include "console.h"
#include "domain.h"

/* By the directmap, in words: what a guest must not see of others. */
void frame_zero(struct frame *f)
{
	uint64_t *page = mfn_to_virt(frame_to_mfn(f)), words = PAGE_SIZE / 8;

	__asm__ volatile("rep stosq" : "+D"(page), "+c"(words) : "a"(0UL) : "memory");
}

/* Both with d->frames_lock. */
static void frame_link(struct domain *d, struct frame *f)
{
	uint32_t mfn = (uint32_t)frame_to_mfn(f).n;

	f->next = d->frames;
	f->prev = 0;
	if (d->frames)
		frame_table[d->frames].prev = mfn;
	d->frames = mfn;
}

static void frame_unlink(struct domain *d, struct frame *f)
{
	if (f->next)
		frame_table[f->next].prev = f->prev;
	if (f->prev)
		frame_table[f->prev].next = f->next;
	else
		d->frames = f->next;
	f->next = f->prev = 0;
}

void *hyper_alloc(unsigned order)
{
	struct frame *f = block_take(order, 0, 0);
	unsigned i;

	if (!f)
		return NULL;
	for (i = 0; i < 1u << order; i++) {
		tlb_flush_since(f[i].stamp);
		if (!(f[i].flags & FRAME_CLEAN))
			frame_zero(f + i);
		f[i].flags = 0;
		f[i].owner = DOMID_XEN;
		f[i].state = FRAME_SUPER;
	}
	f->order = order;
	return mfn_to_virt(frame_to_mfn(f));
}

void hyper_free(void *va, unsigned order)
{
	struct frame *f = mfn_to_frame(virt_to_mfn(va));
	unsigned i;

	for (i = 0; i < 1u << order; i++) {
		BUG_ON(f[i].state != FRAME_SUPER);
		f[i].state = 0;
		f[i].owner = DOMID_INVALID;
	}
	block_give(f, order);
}

/* It is on no list: back to where free ones are. */
static void frame_forget(struct frame *f)
{
	f->stamp = tlb_stamp();
	m2p_set(frame_to_mfn(f), M2P_INVALID);
	f->state = 0;
	f->owner = DOMID_INVALID;
	block_give(f, 0);
}

/*
 * The state is stored last: from then on guests may take references, so owner and links stand
 * before. A frame begins as what most become, one that was writable and is not mapped: nothing of
 * it has to be looked at, and no TLB has it.
 */
static void frames_become(struct domain *d, struct frame *f, uint64_t n)
{
	uint64_t i;

	for (i = 0; i < n; i++) {
		f[i].owner = d->id;
		f[i].flags = 0;
		frame_link(d, f + i);
		m2p_set(frame_to_mfn(f + i), M2P_INVALID);
		__atomic_store_n(&f[i].state,
				 FRAME_ALLOCATED | FRAME_REF | TYPE_WRITABLE | FRAME_VALID,
				 __ATOMIC_RELEASE);
	}
}

int frame_assign(struct domain *d, struct frame *f, unsigned order)
{
	uint64_t n = 1UL << order;
	int rc = 0;

	spin_lock(&d->frames_lock);
	if (d->dying)
		rc = -EINVAL;
	else if (d->tot_pages + n > d->max_pages)
		rc = -E2BIG;
	if (rc) {
		spin_unlock(&d->frames_lock);
		return rc;
	}
	if (!d->tot_pages)
		domain_hold(d);
	d->tot_pages += n;
	block_claim_used(d, n);
	frames_become(d, f, n);
	spin_unlock(&d->frames_lock);
	return 0;
}

bool frames_swap(struct domain *d, const uint32_t *in, const uint32_t *out, unsigned order,
		 unsigned n)
{
	unsigned i;

	spin_lock(&d->frames_lock);
	if (d->dying) {
		spin_unlock(&d->frames_lock);
		return false;
	}
	for (i = 0; i < n; i++)
		frame_unlink(d, &frame_table[in[i]]);
	for (i = 0; i < n >> order; i++)
		frames_become(d, &frame_table[out[i]], 1UL << order);
	spin_unlock(&d->frames_lock);
	for (i = 0; i < n; i++)
		frame_forget(&frame_table[in[i]]);
	return true;
}

struct frame *frame_alloc(struct domain *d, unsigned order, unsigned max_bits, bool no_scrub)
{
	struct frame *f;
	unsigned i;

	/* Without a lock: only to spare the work; frame_assign decides. */
	if (d && (d->dying || d->tot_pages + (1UL << order) > d->max_pages))
		return NULL;
	f = block_take(order, max_bits, d ? d->outstanding : 0);
	if (!f)
		return NULL;
	for (i = 0; i < 1u << order; i++) {
		tlb_flush_since(f[i].stamp);
		if (!no_scrub && !(f[i].flags & FRAME_CLEAN))
			frame_zero(f + i);
		f[i].flags = 0;
		f[i].owner = DOMID_INVALID;
	}
	if (d && frame_assign(d, f, order)) {
		block_give(f, order);
		return NULL;
	}
	return f;
}

void frame_free_unowned(struct frame *f, unsigned order)
{
	block_give(f, order);
}

bool frame_unallocate(struct frame *f)
{
	uint64_t old = __atomic_fetch_and(&f->state, ~FRAME_ALLOCATED, __ATOMIC_ACQ_REL);

	if (!(old & FRAME_ALLOCATED))
		return false;
	frame_put(f);
	return true;
}

/*
 * The state word has no references left, so nobody else can find the frame; its owner does not
 * change under us. The next user flushes the TLBs before he uses it (tlb_flush_since): guests may
 * keep entries that name the frame until then.
 */
void frame_release(struct frame *f)
{
	struct domain *d = domain_find(f->owner);
	bool last;

	BUG_ON(!d);
	if (f->state & FRAME_HYPER) {
		f->stamp = tlb_stamp(); /* guests had it mapped, too */
		f->state = FRAME_SUPER;
		f->owner = DOMID_XEN;
		domain_put(d);
		return;
	}
	spin_lock(&d->frames_lock);
	frame_unlink(d, f);
	last = !--d->tot_pages;
	spin_unlock(&d->frames_lock);
	frame_forget(f);
	if (last)
		domain_put(d);
}

/* A writable share holds one type ref for good, so the frame never becomes anything else. */
void frame_share(struct domain *d, void *va, bool writable)
{
	struct frame *f = mfn_to_frame(virt_to_mfn(va));
	uint64_t state = FRAME_HYPER | FRAME_ALLOCATED | FRAME_REF;

	if (writable)
		state += FRAME_REF + FRAME_TREF + (TYPE_WRITABLE | FRAME_VALID);
	domain_hold(d);
	f->owner = d->id;
	f->flags = writable ? FRAME_SHARED_RW : 0;
	m2p_set(frame_to_mfn(f), M2P_INVALID);
	__atomic_store_n(&f->state, state, __ATOMIC_RELEASE);
}

/* Takes back what frame_share gave; mappings of others may hold the frame and the domain longer. */
void frame_unshare(void *va)
{
	struct frame *f = mfn_to_frame(virt_to_mfn(va));

	if (!(f->state & FRAME_HYPER))
		return;
	if (f->flags & FRAME_SHARED_RW) {
		f->flags &= (uint8_t)~FRAME_SHARED_RW;
		__atomic_sub_fetch(&f->state, FRAME_TREF, __ATOMIC_RELEASE);
		frame_put(f);
	}
	frame_unallocate(f);
}
