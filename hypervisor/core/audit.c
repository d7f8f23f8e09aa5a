/* SPDX-License-Identifier: MIT */
/*
 * The audit of frames. Between two operations every reference is somebody's: the owner's
 * allocation, an entry of a validated table, a pin, a vcpu (root, descriptor table, vcpu_info), a
 * grant's handle, a table that is stopped in the middle. They are counted here once more, from
 * those, and compared.
 */
#include "audit.h"
#include "block.h"
#include "console.h"
#include "control.h"
#include "domain.h"
#include "rendezvous.h"
#include "vcpu.h"

#define SHOWN 16

struct count {
	uint32_t refs, trefs;
};

static struct count *counts; /* by mfn; while an audit runs */
static unsigned wrong;

void audit_ref(mfn_t m, bool typed)
{
	if (!mfn_valid(m))
		return;
	counts[m.n].refs++;
	counts[m.n].trefs += typed;
}

/* What the state word itself stands for. */
static void count_own(struct frame *f)
{
	uint64_t s = f->state;
	mfn_t m = frame_to_mfn(f);

	if (s & FRAME_ALLOCATED)
		audit_ref(m, false);
	if (s & FRAME_PINNED)
		audit_ref(m, true);
	if (s & FRAME_PARTIAL)
		audit_ref(m, true);
	if (s & FRAME_HYPER && f->flags & FRAME_SHARED_RW)
		audit_ref(m, true);
	if (s & FRAME_HYPER && f->owner == DOMID_XEN) { /* the M2P: memory_map.c */
		audit_ref(m, false);
		audit_ref(m, true);
	}
	if (s & FRAME_TREFS)
		pv_audit_table(f);
}

static void count_domain(struct domain *d)
{
	if (d->cursor)
		audit_ref(frame_to_mfn(d->cursor), false);
	if (d->eoi_map)
		audit_ref(virt_to_mfn(d->eoi_map), true);
	pv_audit(d);
	grant_audit(d);
	evtchn_fifo_audit(d);
}

static void say(const char *what, const struct frame *f)
{
	struct count *c = &counts[frame_to_mfn(f).n];

	if (wrong++ < SHOWN)
		printk(LOG_ERR, "frame %lx of d%u: %s: state %016lx, counted %u refs, %u of type",
		       frame_to_mfn(f).n, f->owner, what, f->state, c->refs, c->trefs);
}

static void compare(struct frame *f)
{
	uint64_t s = f->state, type = s & FRAME_TYPE;
	struct count *c = &counts[frame_to_mfn(f).n];

	if (s & FRAME_SUPER)
		return; /* device memory is mapped without references */
	if ((s & FRAME_REFS) != c->refs || (s & FRAME_TREFS) / FRAME_TREF != c->trefs)
		say("wrong count", f);
	else if (s & FRAME_LOCKED)
		say("locked", f);
	else if (s & FRAME_REFS && f->owner != DOMID_XEN && !domain_find(f->owner))
		say("no owner", f);
	else if (s & FRAME_TREFS && !(s & (FRAME_VALID | FRAME_PARTIAL)))
		say("neither valid nor stopped", f);
	else if (s & FRAME_PINNED && (type < TYPE_L1 || type > TYPE_L4))
		say("pinned as no table", f);
}

/* The list of a domain's frames: as many as it is said to have, and all of them its own. */
static void check_list(struct domain *d)
{
	uint64_t n = 0;
	uint32_t m;

	for (m = d->frames; m && n <= d->tot_pages; m = frame_table[m].next, n++)
		if (frame_table[m].owner != d->id)
			say("on another's list", &frame_table[m]);
	if (n != d->tot_pages) {
		wrong++;
		printk(LOG_ERR, "d%u has %lu frames, %lu on its list", d->id, d->tot_pages, n);
	}
}

static void audit(void *unused)
{
	uint64_t used = 0, m;
	struct domain *d;

	wrong = 0;
	for (m = 0; m < max_mfn; m++) {
		used += !!(frame_table[m].state & FRAME_REFS);
		count_own(&frame_table[m]);
	}
	for (d = dom0; d; d = d->next)
		count_domain(d);
	for (m = 0; m < max_mfn; m++)
		compare(&frame_table[m]);
	for (d = dom0; d; d = d->next)
		check_list(d);
	if (!block_audit()) {
		wrong++;
		printk(LOG_ERR, "free blocks are not what is counted free");
	}
	printk(LOG_ERR, "frames: %lu in use, %u wrong", used, wrong);
}

void audit_frames(void)
{
	unsigned order = bits_order(max_mfn * sizeof(*counts)) - PAGE_SHIFT;

	if (!control_begin()) {
		printk(LOG_ERR, "frames: a domctl is under way, try again");
		return;
	}
	counts = hyper_alloc(order);
	if (counts)
		rendezvous(&(struct rendezvous){ audit, NULL, NULL, true });
	else
		printk(LOG_ERR, "frames: no memory to count them");
	if (counts)
		hyper_free(counts, order);
	control_end();
}
