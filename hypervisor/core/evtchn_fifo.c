/* SPDX-License-Identifier: MIT */
/*
 * FIFO event channels (<xen/event_channel.h>): up to 131072 ports in 16 priorities, each vcpu's in
 * the order in which they came. A domain asks for them by its first init_control; reset takes it
 * back to the 2-level ABI.
 *
 * A port is a word in the guest's own memory, in the pages of the event array:
 *
 *   PENDING, MASKED   as the bits of the 2-level ABI
 *   LINKED            it is on a queue
 *   LINK              the next port of that queue, 0 at its end
 *   BUSY              we are about to set LINK: the guest does not unlink meanwhile
 *
 * A queue's head and the bit that says that it is not empty (ready) lie in the vcpu's control
 * block, the guest's memory too; its tail is kept here. We append, the guest takes from the head:
 *
 *   tail T is LINKED:  LINK(T) := port, in one compare-exchange that fails when the guest has
 *                      unlinked T meanwhile; then, and if there is no tail, head := port
 *   then tail := port; ready and the upcall only where head was set
 *
 * All that is read from the guest's words are the bits that the compare-exchange checks: whatever
 * it writes there, only its own events are lost. `lock` is taken for the whole of an event, also by
 * a processor that works for another domain: so pages stay while they are written.
 */
#include "access.h"
#include "audit.h"
#include "console.h"
#include "evtchn_fifo.h"
#include "frame.h"
#include "param.h"
#include "lib/string.h"

#define WORDS_PER_PAGE (PAGE_SIZE / sizeof(event_word_t))
#define ARRAY_PAGES    (EVTCHN_FIFO_NR_CHANNELS / WORDS_PER_PAGE)
#define LINK_TRIES     4 /* a guest that keeps the rules changes a linked word no more often */

#define WORD_BIT(name) (1U << EVTCHN_FIFO_##name)

struct fifo_vcpu {
	struct evtchn_fifo_control_block *control; /* NULL: none yet */
	uint32_t tail[EVTCHN_FIFO_MAX_QUEUES];     /* 0: empty, or not known to be linked */
};

struct evtchn_fifo {
	spinlock_t lock;                 /* everything here, and who writes to the guest's words */
	uint32_t words;                  /* ports that have one */
	event_word_t *page[ARRAY_PAGES]; /* each holds a writable ref of its frame */
	struct fifo_vcpu vcpu[];         /* max_vcpus of the domain */
};

static bool opt_fifo = true;
PARAM(evtchn_fifo, PARAM_BOOL, &opt_fifo, "guests may use FIFO event channels");

static event_word_t *word_of(struct evtchn_fifo *f, uint32_t port)
{
	if (unlikely(port >= f->words))
		return NULL;
	port = (uint32_t)index_nospec(port, f->words);
	return &f->page[port / WORDS_PER_PAGE][port % WORDS_PER_PAGE];
}

static uint32_t word_set(event_word_t *w, uint32_t bits)
{
	return __atomic_fetch_or(w, bits, __ATOMIC_SEQ_CST);
}

static void word_clear(event_word_t *w, uint32_t bits)
{
	__atomic_and_fetch(w, ~bits, __ATOMIC_SEQ_CST);
}

/* 1: port follows w; 0: w is on no queue; -1: the guest changed it meanwhile. */
static int try_link(event_word_t *w, uint32_t port)
{
	uint32_t old = __atomic_load_n(w, __ATOMIC_RELAXED);

	if (!(old & WORD_BIT(LINKED)))
		return 0;
	return __atomic_compare_exchange_n(w, &old,
					   (old & ~(WORD_BIT(BUSY) | EVTCHN_FIFO_LINK_MASK)) | port,
					   false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)
		       ? 1
		       : -1;
}

/* Whether port follows w now. A guest that breaks the rules loses its queue. */
static bool link_behind(event_word_t *w, uint32_t port)
{
	int linked = try_link(w, port);
	unsigned i;

	if (linked >= 0)
		return linked;
	word_set(w, WORD_BIT(BUSY));
	for (i = 0; i < LINK_TRIES && linked < 0; i++)
		linked = try_link(w, port);
	if (linked <= 0)
		word_clear(w, WORD_BIT(BUSY));
	return linked != 0;
}

/* At the end of v's queue. Under lock; true: the queue was empty, v is to be told. */
static bool append(struct evtchn_fifo *f, struct vcpu *v, struct evtchn *e, event_word_t *w,
		   uint32_t port)
{
	struct fifo_vcpu *to = &f->vcpu[v->id];
	uint8_t priority = READ_ONCE(e->priority); /* another vcpu may be changing it */
	uint32_t *was = &f->vcpu[e->fifo_vcpu].tail[e->fifo_queue];
	uint32_t *tail = &to->tail[priority];
	event_word_t *last;

	if (!to->control || word_set(w, WORD_BIT(LINKED)) & WORD_BIT(LINKED))
		return false;
	/* It was its old queue's last, so that one is empty: nothing may follow it there now. */
	if (*was == port)
		*was = 0;
	e->fifo_vcpu = (uint8_t)v->id;
	e->fifo_queue = priority;
	last = *tail ? word_of(f, *tail) : NULL;
	*tail = port;
	if (last && link_behind(last, port))
		return false;
	__atomic_store_n(&to->control->head[priority], port, __ATOMIC_RELEASE);
	return !(__atomic_fetch_or(&to->control->ready, 1U << priority, __ATOMIC_SEQ_CST) &
		 1U << priority);
}

/* Puts a port that is pending where its vcpu finds it. Under lock; true: v is to be told. */
static bool queue(struct evtchn_fifo *f, struct vcpu *v, struct evtchn *e, event_word_t *w,
		  uint32_t port)
{
	return !(READ_ONCE(*w) & (WORD_BIT(MASKED) | WORD_BIT(LINKED))) && v &&
	       append(f, v, e, w, port);
}

long evtchn_fifo_raise(struct domain *d, uint32_t vcpu, uint32_t port)
{
	struct evtchn_fifo *f = d->evtchn.fifo_kept;
	struct evtchn *e = evtchn_at(&d->evtchn, port);
	struct vcpu *v = d->vcpu[vcpu];
	bool tell = false, came = false;
	event_word_t *w;

	spin_lock(&f->lock);
	w = word_of(f, port);
	if (likely(w)) {
		came = !(word_set(w, WORD_BIT(PENDING)) & WORD_BIT(PENDING));
		tell = queue(f, v, e, w, port);
	} else {
		e->fifo_waits = true; /* for its page */
	}
	spin_unlock(&f->lock);
	if (tell)
		evtchn_mark_upcall(v);
	if (came && READ_ONCE(d->poll_mask))
		evtchn_wake_pollers(d, port);
	return 0;
}

void evtchn_fifo_unmask(struct domain *d, uint32_t port)
{
	struct evtchn_fifo *f = d->evtchn.fifo_kept;
	struct evtchn *e = evtchn_at(&d->evtchn, port);
	struct vcpu *v = d->vcpu[e->vcpu];
	bool tell = false;
	event_word_t *w;

	spin_lock(&f->lock);
	w = word_of(f, port);
	if (w) {
		word_clear(w, WORD_BIT(MASKED));
		if (READ_ONCE(*w) & WORD_BIT(PENDING))
			tell = queue(f, v, e, w, port);
	}
	spin_unlock(&f->lock);
	if (tell)
		evtchn_mark_upcall(v);
}

static uint32_t read_word(struct domain *d, uint32_t port)
{
	struct evtchn_fifo *f = d->evtchn.fifo_kept;
	event_word_t *w;
	uint32_t value;

	spin_lock(&f->lock);
	w = word_of(f, port);
	value = w ? READ_ONCE(*w) : 0;
	spin_unlock(&f->lock);
	return value;
}

bool evtchn_fifo_pending(struct domain *d, uint32_t port)
{
	return read_word(d, port) & WORD_BIT(PENDING);
}

bool evtchn_fifo_busy(struct domain *d, uint32_t port)
{
	return read_word(d, port) & WORD_BIT(LINKED);
}

void evtchn_fifo_clear(struct domain *d, uint32_t port)
{
	struct evtchn_fifo *f = d->evtchn.fifo_kept;
	event_word_t *w;

	spin_lock(&f->lock);
	evtchn_at(&d->evtchn, port)->fifo_waits = false;
	w = word_of(f, port);
	if (w)
		word_clear(w, WORD_BIT(PENDING));
	spin_unlock(&f->lock);
}

/* --- The guest gives its pages --------------------------------------------------------------- */

static void *hold_page(struct domain *d, uint64_t gfn)
{
	mfn_t mfn = MFN(gfn);

	if (!mfn_valid(mfn) || !frame_get_writable(mfn_to_frame(mfn), d->id))
		return NULL;
	return mfn_to_virt(mfn);
}

static void drop_page(const void *va)
{
	frame_put_typed_final(mfn_to_frame(virt_to_mfn(va)));
}

static struct evtchn_fifo *fifo_new(struct domain *d)
{
	struct evtchn_table *t = &d->evtchn;
	struct evtchn **group = heap_alloc(EVTCHN_FIFO_NR_CHANNELS / EVTCHN_GROUP * sizeof(*group));
	struct evtchn_fifo *f = heap_alloc(sizeof(*f) + d->max_vcpus * sizeof(struct fifo_vcpu));

	if (!f || !group) {
		heap_free(f);
		heap_free(group);
		return NULL;
	}
	spin_init(&f->lock, LOCK_FIFO);
	memcpy(group, t->group_2l, sizeof(t->group_2l));
	__atomic_store_n(&t->group, group, __ATOMIC_RELEASE);
	return f;
}

/* What is bound already goes on, with what of it is pending. Table locked. */
static void turn_to_fifo(struct domain *d)
{
	struct evtchn_table *t = &d->evtchn;
	struct evtchn *e;
	uint32_t port;

	for (port = 1; port < t->ports; port++) {
		e = evtchn_at(t, port);
		e->priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
		e->fifo_waits = bit_test(d->shared->evtchn_pending, port);
	}
	t->max = MIN(t->limit, (uint32_t)EVTCHN_FIFO_NR_CHANNELS);
	t->ports_alone = 0;
	__atomic_store_n(&t->fifo, true, __ATOMIC_RELEASE);
}

static int add_control(struct domain *d, struct fifo_vcpu *v, uint64_t gfn, uint32_t offset)
{
	char *page;

	if (v->control)
		return -EINVAL;
	page = hold_page(d, gfn);
	if (!page)
		return -EINVAL;
	spin_lock(&d->evtchn.fifo_kept->lock);
	v->control = (struct evtchn_fifo_control_block *)(page + offset);
	spin_unlock(&d->evtchn.fifo_kept->lock);
	return 0;
}

/* A domain's first turns it to FIFO. */
static int init_control(struct domain *d, const struct evtchn_init_control *c)
{
	struct evtchn_table *t = &d->evtchn;
	struct vcpu *v = domain_vcpu(d, c->vcpu);
	int rc;

	if (!v)
		return -ENOENT;
	if (c->offset > PAGE_SIZE - sizeof(struct evtchn_fifo_control_block) || c->offset % 8)
		return -EINVAL;
	spin_lock(&t->lock);
	if (!t->fifo_kept)
		t->fifo_kept = fifo_new(d);
	rc = t->fifo_kept ? add_control(d, &t->fifo_kept->vcpu[v->id], c->control_gfn, c->offset)
			  : -ENOMEM;
	if (!rc && !t->fifo)
		turn_to_fifo(d);
	spin_unlock(&t->lock);
	return rc;
}

/* Events that wait for a word of this page get it. Table locked. */
static void raise_waiting(struct domain *d, uint32_t first, uint32_t end)
{
	struct evtchn *e;
	uint32_t port;

	for (port = MAX(first, 1u); port < MIN(end, d->evtchn.ports); port++) {
		e = evtchn_at(&d->evtchn, port);
		if (!e->fifo_waits)
			continue;
		e->fifo_waits = false;
		(void)evtchn_fifo_raise(d, e->vcpu, port);
	}
}

static int expand_array(struct domain *d, uint64_t gfn)
{
	struct evtchn_table *t = &d->evtchn;
	struct evtchn_fifo *f = t->fifo_kept;
	uint32_t slot;
	void *page;
	int rc = 0;

	spin_lock(&t->lock);
	slot = t->fifo ? f->words / WORDS_PER_PAGE : 0;
	if (!t->fifo)
		rc = -EOPNOTSUPP;
	else if (slot >= ARRAY_PAGES)
		rc = -ENOSPC;
	else if (!(page = hold_page(d, gfn)))
		rc = -EINVAL;
	if (!rc) {
		spin_lock(&f->lock);
		f->page[slot] = page;
		f->words += WORDS_PER_PAGE;
		spin_unlock(&f->lock);
		raise_waiting(d, slot * WORDS_PER_PAGE, (slot + 1) * WORDS_PER_PAGE);
	}
	spin_unlock(&t->lock);
	return rc;
}

/* All ports are closed: what is sent meanwhile finds no word and no control block. Table locked. */
void evtchn_fifo_end(struct domain *d)
{
	struct evtchn_table *t = &d->evtchn;
	struct evtchn_fifo *f = t->fifo_kept;
	struct evtchn_fifo_control_block *control;
	uint32_t i, pages;

	if (!t->fifo)
		return;
	t->fifo = false;
	t->max = MIN(t->limit, (uint32_t)EVTCHN_MAX);
	t->ports = MIN(t->ports, (uint32_t)EVTCHN_MAX);
	t->ports_alone = nr_cpus == 1 ? t->ports : 0;
	t->lowest = 1;
	spin_lock(&f->lock);
	pages = f->words / WORDS_PER_PAGE;
	f->words = 0;
	spin_unlock(&f->lock);
	for (i = 0; i < pages; i++)
		drop_page(f->page[i]);
	for (i = 0; i < d->max_vcpus; i++) {
		spin_lock(&f->lock);
		control = f->vcpu[i].control;
		memset(&f->vcpu[i], 0, sizeof(f->vcpu[i]));
		spin_unlock(&f->lock);
		if (control)
			drop_page(control);
	}
}

void evtchn_fifo_audit(struct domain *d)
{
	struct evtchn_fifo *f = d->evtchn.fifo_kept;
	uint32_t i;

	if (!f)
		return;
	for (i = 0; i < f->words / WORDS_PER_PAGE; i++)
		audit_ref(virt_to_mfn(f->page[i]), true);
	for (i = 0; i < d->max_vcpus; i++)
		if (f->vcpu[i].control)
			audit_ref(virt_to_mfn(f->vcpu[i].control), true);
}

/* Of events from now on: one that is on a queue stays there. */
static int set_priority(struct domain *d, const struct evtchn_set_priority *s)
{
	struct evtchn *e = evtchn_entry(&d->evtchn, s->port);

	if (!e)
		return -EINVAL;
	if (!d->evtchn.fifo)
		return -ENOSYS;
	if (s->priority > EVTCHN_FIFO_PRIORITY_MIN)
		return -EINVAL;
	WRITE_ONCE(e->priority, (uint8_t)s->priority);
	return 0;
}

long evtchn_fifo_op(int cmd, void *arg)
{
	struct domain *d = current->domain;
	struct evtchn_init_control c;
	struct evtchn_expand_array a;
	struct evtchn_set_priority p;
	long rc;

	switch (opt_fifo ? cmd : -1) {
	case EVTCHNOP_init_control:
		if (copy_from_guest(&c, arg, sizeof(c)))
			return -EFAULT;
		c.link_bits = EVTCHN_FIFO_LINK_BITS;
		rc = init_control(d, &c);
		return !rc && copy_to_guest(arg, &c, sizeof(c)) ? -EFAULT : rc;
	case EVTCHNOP_expand_array:
		return copy_from_guest(&a, arg, sizeof(a)) ? -EFAULT : expand_array(d, a.array_gfn);
	case EVTCHNOP_set_priority:
		return copy_from_guest(&p, arg, sizeof(p)) ? -EFAULT : set_priority(d, &p);
	default:
		return -ENOSYS;
	}
}
