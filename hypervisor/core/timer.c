/* SPDX-License-Identifier: MIT */
/*
 * The timers of a processor: a pairing heap through the timers themselves, so that setting one
 * needs no memory and the usual case, a processor's only timer set again and again, is a few
 * stores.
 *
 * The hardware is programmed only when the earliest deadline comes before what it is set to; when
 * that goes away it may fire early, finds nothing to do, and is set to the next one. It is
 * programmed without a lock: that takes long where the APIC is emulated, and others would wait.
 */
#include "timer.h"
#include "console.h"
#include "frame.h"

struct timer_cpu {
	spinlock_t lock; /* guards the heap: others may stop a timer that waits here */
	struct timer *first;
	struct timer *firing; /* whose function runs now; compared only */
	uint64_t programmed; /* what the hardware is set to; 0: nothing. This processor's alone */
};

void timer_init_cpu(struct cpu *c)
{
	c->timers = heap_alloc(sizeof(*c->timers));
	BUG_ON(!c->timers);
	spin_init(&c->timers->lock, LOCK_TIMER);
}

spinlock_t *timer_lock(const struct cpu *c)
{
	return &c->timers->lock;
}

void timer_setup(struct timer *t, timer_fn fn, void *arg)
{
	*t = (struct timer){ .fn = fn, .arg = arg };
}

/* Two heaps become one; either may be NULL. The result has no sibling. */
static struct timer *meld(struct timer *a, struct timer *b)
{
	struct timer *t;

	if (!a || !b)
		return a ? a : b;
	if (b->deadline < a->deadline) {
		t = a;
		a = b;
		b = t;
	}
	b->sibling = a->child;
	if (b->sibling)
		b->sibling->back = &b->sibling;
	b->back = &a->child;
	a->child = b;
	return a;
}

/* A list of siblings becomes one heap: melded in pairs from the left, the pairs from the right. */
static struct timer *meld_siblings(struct timer *t)
{
	struct timer *pairs = NULL, *a, *b, *heap = NULL;

	while (t) {
		a = t;
		b = a->sibling;
		t = b ? b->sibling : NULL;
		a->sibling = NULL;
		if (b)
			b->sibling = NULL;
		a = meld(a, b);
		a->sibling = pairs;
		pairs = a;
	}
	while (pairs) {
		a = pairs;
		pairs = a->sibling;
		a->sibling = NULL;
		heap = meld(heap, a);
	}
	return heap;
}

static void set_first(struct timer_cpu *tc, struct timer *t)
{
	tc->first = t;
	if (t)
		t->back = &tc->first;
}

/* t leaves the heap; its children, melded, take its place. Locked. */
static void take_out(struct timer_cpu *tc, struct timer *t)
{
	struct timer *rest = t->child ? meld_siblings(t->child) : NULL;

	WRITE_ONCE(t->deadline, 0);
	t->child = NULL;
	if (tc->first == t) {
		set_first(tc, rest);
		return;
	}
	*t->back = t->sibling;
	if (t->sibling)
		t->sibling->back = t->back;
	t->sibling = NULL;
	set_first(tc, meld(tc->first, rest));
}

/* The hardware stays as it is: an interrupt too many costs less than setting it anew. */
void timer_stop(struct timer *t)
{
	struct cpu *c;

	if (!READ_ONCE(t->deadline))
		return;
	for (;;) {
		c = t->cpu;
		spin_lock(&c->timers->lock);
		if (likely(c == READ_ONCE(t->cpu)))
			break;
		spin_unlock(&c->timers->lock);
	}
	if (t->deadline)
		take_out(c->timers, t);
	spin_unlock(&c->timers->lock);
}

/* It belongs to another processor's heap: which, changes only under that one's lock. */
static NOINLINE void move(struct timer *t, struct cpu *to)
{
	struct cpu *from = t->cpu;

	if (!from) {
		t->cpu = to;
		return;
	}
	spin_lock(&from->timers->lock);
	if (t->deadline)
		take_out(from->timers, t);
	WRITE_ONCE(t->cpu, to);
	spin_unlock(&from->timers->lock);
}

/* fn may be what waits for us: the caller holds no lock that it takes. */
void timer_stop_sync(struct timer *t)
{
	unsigned i;

	timer_stop(t);
	for (i = 0; i < nr_cpus; i++)
		while (cpus[i] != this_cpu() &&
		       __atomic_load_n(&cpus[i]->timers->firing, __ATOMIC_ACQUIRE) == t)
			cpu_serve();
}

/*
 * Into the heap, or to another place in it, which the caller has locked; t in no other heap. Shall
 * the hardware fire earlier, that is done now or by timer_run.
 */
static NOINLINE void place(struct timer_cpu *tc, struct timer *t, uint64_t deadline, bool now)
{
	bool first;

	if (t->deadline)
		take_out(tc, t);
	t->deadline = deadline;
	set_first(tc, meld(tc->first, t));
	first = tc->first == t;
	spin_unlock(&tc->lock);
	if (!first || (tc->programmed && deadline >= tc->programmed))
		return;
	if (now) {
		tc->programmed = deadline;
		time_set_deadline(deadline);
	} else {
		cpu_work(this_cpu(), WORK_TIMER);
	}
}

static inline void set(struct timer *t, uint64_t deadline, bool now)
{
	struct cpu *c = this_cpu();
	struct timer_cpu *tc = c->timers;

	if (unlikely(t->cpu != c))
		move(t, c);
	spin_lock(&tc->lock);
	/* Put off, with no timer below it, it stands right where it is. */
	if (t->deadline && t->deadline <= deadline && !t->child) {
		t->deadline = deadline;
		spin_unlock(&tc->lock);
	} else {
		place(tc, t, deadline + !deadline, now);
	}
}

void timer_set(struct timer *t, uint64_t deadline)
{
	set(t, deadline, true);
}

void timer_set_locked(struct timer *t, uint64_t deadline)
{
	set(t, deadline, false);
}

/* A timer is out of the heap before its function runs, so that this may set it again. */
void timer_run(void)
{
	struct timer_cpu *tc = this_cpu()->timers;
	uint64_t deadline;
	struct timer *t;

	spin_lock(&tc->lock);
	while ((t = tc->first) && t->deadline <= time_now()) {
		/* In this order: timer_stop looks at the deadline without the lock, then here. */
		WRITE_ONCE(tc->firing, t);
		take_out(tc, t);
		spin_unlock(&tc->lock);
		t->fn(t->arg);
		spin_lock(&tc->lock);
		tc->firing = NULL;
	}
	deadline = t ? t->deadline : 0;
	spin_unlock(&tc->lock);
	tc->programmed = deadline;
	if (deadline)
		time_set_deadline(deadline);
}
