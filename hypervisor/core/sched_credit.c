/* SPDX-License-Identifier: MIT */
/*
 * The credit scheduler: fair shares by weight, with caps. A run queue is in the order of virtual
 * run time, the time that a vcpu ran, divided by its domain's weight; the least goes next. A vcpu
 * that slept starts again at most one slice behind the queue's clock, so that it gets its turn soon
 * but cannot save up time; it preempts who runs if it is behind him by more than PREEMPT. That is
 * what a vcpu that mostly sleeps needs to answer quickly, and all the priority that it gets.
 *
 * Shares are those of the pool, not of a processor. Virtual time is compared between processors:
 * once a slice each looks whether somebody who waits elsewhere is further behind than its own
 * first (balance), and calls one that should look and has no reason to (call_other). An idle one
 * takes whoever waits. Where queues are kept apart, by affinity or because one was idle, their
 * clocks drift apart; a processor that is far behind is then carried along with all that it has,
 * which changes nothing among those (catch_up).
 *
 * Who ran on its processor within the pool's migration delay (0 to begin with) is not taken from
 * its queue: it waits there. A wake-up is not held back by it.
 *
 * A domain at its cap has all of its vcpus parked, each when it would be chosen, until the next
 * period brings some time.
 */
#include "scheduler.h"

#include <xen/sysctl.h>

#define PREEMPT   500000UL /* ns */
#define IMBALANCE 2 /* slices of virtual time between two processors that are borne */
#define DRIFT     2 /* slices that a processor's clock may be behind the pool's */
#define CAP_UNCHANGED 0xffff
#define NS_PER_MS 1000000UL
#define NS_PER_US 1000UL

static void add(struct vcpu *v)
{
	v->sched.virtual = v->cpu->sched->own.clock;
}

/* Behind those of the same virtual time. Most come to the end, so the search begins there. */
static void insert(struct runqueue *q, struct vcpu *v)
{
	struct list *at = &q->list;

	while (at->prev != &q->list &&
	       list_entry(at->prev, struct vcpu, queue)->sched.virtual > v->sched.virtual)
		at = at->prev;
	sched_queue(at, v);
}

static struct vcpu *first_of(struct runqueue *q)
{
	return list_empty(&q->list) ? NULL : list_first(&q->list, struct vcpu, queue);
}

static NOINLINE void charge_cap(struct domain *d, uint64_t ran)
{
	spin_lock(&d->cap_lock);
	share_cap_use(&d->cap_used, ran);
	spin_unlock(&d->cap_lock);
}

/* What v has used since it was last charged. */
static inline void charge(struct runqueue *q, struct vcpu *v, uint64_t now)
{
	struct domain *d = v->domain;
	uint64_t ran = now - v->charged_at;

	v->charged_at = now;
	v->sched.virtual += share_virtual(ran, d->weight);
	if (q->clock < v->sched.virtual)
		q->clock = v->sched.virtual;
	if (unlikely(d->cap))
		charge_cap(d, ran);
}

/* How long one with a cap may run; 0: not at all, and then it is parked. */
static NOINLINE uint64_t allowance(struct vcpu *v, uint64_t now)
{
	struct domain *d = v->domain;
	int64_t left = INT64_MAX;
	uint64_t until = 0;

	spin_lock(&d->cap_lock);
	if (d->cap) /* else it has just been taken away */
		left = share_cap_left(&d->cap_used, d->cap, now);
	if (left <= 0)
		until = share_cap_again(&d->cap_used, d->cap);
	spin_unlock(&d->cap_lock);
	if (until)
		sched_park(v, until);
	return (uint64_t)MAX(left, (int64_t)0);
}

static struct cpu *idle_of(uint64_t mask)
{
	uint64_t idle = READ_ONCE(idle_cpus) & mask;

	for (; idle; idle &= idle - 1)
		if (sched_take_idle(bits_lowest(idle)))
			return cpus[bits_lowest(idle)];
	return NULL;
}

/* An idle one, the last one first, those of the soft affinity before the others. */
static struct cpu *choose(const struct vcpu *v)
{
	uint64_t may = sched_allowed(v), likes = may & v->soft_affinity, last = BIT(v->cpu->id);
	struct cpu *c;

	if (!likes)
		likes = may;
	if (READ_ONCE(idle_cpus) & likes & last)
		return v->cpu;
	c = idle_of(likes);
	if (!c && likes != may)
		c = idle_of(may);
	if (c)
		return c;
	return likes & last ? v->cpu : cpus[bits_lowest(likes)];
}

/* It was idle until now, and its clock stood. */
static void set_clock(struct sched_cpu *s)
{
	s->own.clock = MAX(s->own.clock, READ_ONCE(s->pool->queue.clock));
}

static bool wake(struct cpu *c, struct vcpu *v, uint64_t now)
{
	struct sched_cpu *s = c->sched;
	struct vcpu *runs = s->chosen;

	if (!runs && unlikely(nr_cpus > 1))
		set_clock(s);
	v->sched.virtual = share_join(v->sched.virtual, s->own.clock, s->pool->slice);
	insert(&s->own, v);
	if (!runs || !vcpu_runnable(runs) ||
	    v->sched.virtual + PREEMPT < runs->sched.virtual + (now - runs->charged_at))
		return true;
	if (s->until)
		return false;
	if (c != this_cpu())
		return true; /* its timers are its own: it begins the slice itself */
	sched_until(s, now + s->pool->slice);
	return false;
}

/* An idle one. v is in the queue before the mask is read: idle() does it the other way round. */
static struct cpu *other(const struct vcpu *v)
{
	mb();
	return idle_of(sched_allowed(v));
}

static void yield(struct cpu *c, struct vcpu *v, uint64_t now)
{
	struct runqueue *q = &c->sched->own;

	charge(q, v, now);
	if (!list_empty(&q->list))
		v->sched.virtual =
			MAX(v->sched.virtual,
			    list_last(&q->list, struct vcpu, queue)->sched.virtual + 1);
	c->sched->chosen_at = 0; /* no ratelimit */
}

/* It ran a moment ago, and the cache of its processor is worth more than not to wait. */
static bool is_hot(const struct vcpu *v, const struct cpupool *p)
{
	return unlikely(p->migration) && time_now() - v->charged_at < p->migration;
}

/* The first that waits for another processor and may run on c; not one who is just leaving his. */
static struct vcpu *find_waiting(struct runqueue *q, const struct cpu *c, bool likes)
{
	struct list *at;
	struct vcpu *v;

	for (at = q->list.next; at != &q->list; at = at->next) {
		v = list_entry(at, struct vcpu, queue);
		if (!v->running && sched_may_run(v, c) &&
		    (!likes || v->soft_affinity >> c->id & 1) && !is_hot(v, c->sched->pool))
			return v;
	}
	return NULL;
}

/* v, just taken from another queue, waits for c; unless somebody woke it elsewhere meanwhile. */
static void arrive(struct cpu *c, struct vcpu *v)
{
	struct sched_cpu *s = c->sched;
	struct runqueue *q = sched_lock(v);

	if (v->cpu == c && !v->queued && !v->running && vcpu_runnable(v)) {
		set_clock(s);
		v->sched.virtual = share_move(v->sched.virtual, s->own.clock, s->pool->slice);
		insert(&s->own, v);
	}
	spin_unlock(&q->lock);
	cpu_work(c, WORK_RESCHED);
}

/*
 * c has said that it is idle: takes one who waits elsewhere. A queue that is seen empty and fills
 * afterwards is filled by somebody who sees that c is idle. Those who like c come first.
 */
static void idle(struct cpu *c)
{
	uint64_t pool = READ_ONCE(c->sched->pool->cpus) & cpus_online();
	struct runqueue *q;
	struct vcpu *v;
	unsigned i;

	for (i = 1; i < 2 * nr_cpus; i++) {
		if (!(pool >> (c->id + i) % nr_cpus & 1))
			continue;
		q = &cpus[(c->id + i) % nr_cpus]->sched->own;
		if (list_empty(&q->list))
			continue;
		spin_lock(&q->lock);
		v = find_waiting(q, c, i < nr_cpus);
		if (v) {
			sched_unqueue(v);
			WRITE_ONCE(v->cpu, c);
		}
		spin_unlock(&q->lock);
		if (v) {
			arrive(c, v);
			return;
		}
	}
}

/*
 * Once a slice: somebody who waits elsewhere and is further behind than whoever c has comes here.
 * The other queue is only tried: its processor may be trying ours.
 */
static void balance(struct cpu *c, const struct vcpu *mine)
{
	struct sched_cpu *s = c->sched;
	uint64_t cpus_left = s->pool->cpus & cpus_online() & ~BIT(c->id);
	struct runqueue *q;
	struct vcpu *v;

	for (; cpus_left; cpus_left &= cpus_left - 1) {
		q = &cpus[bits_lowest(cpus_left)]->sched->own;
		if (list_empty(&q->list) || !spin_trylock(&q->lock))
			continue;
		v = find_waiting(q, c, true);
		if (v && v->sched.virtual + IMBALANCE * s->pool->slice < mine->sched.virtual) {
			sched_unqueue(v);
			WRITE_ONCE(v->cpu, c);
			v->sched.virtual =
				share_move(v->sched.virtual, s->own.clock, s->pool->slice);
			insert(&s->own, v);
		}
		spin_unlock(&q->lock);
	}
}

/* Another processor whose vcpu is ahead of our first, or which is far behind, shall look. */
static NOINLINE void call_other(struct cpu *c, const struct vcpu *waits, uint64_t now)
{
	uint64_t cpus_left = sched_allowed(waits) & ~BIT(c->id);
	struct sched_cpu *s = c->sched, *t;
	uint64_t slice = s->pool->slice, at;
	struct vcpu *v;

	for (; cpus_left; cpus_left &= cpus_left - 1) {
		t = cpus[bits_lowest(cpus_left)]->sched;
		v = READ_ONCE(t->chosen); /* lives as long as this operation (quiet.h) */
		if (!v || !list_empty(&t->own.list) || now - t->balanced_at < slice)
			continue;
		at = v->sched.virtual + (now - v->charged_at);
		if (at > waits->sched.virtual + IMBALANCE * slice ||
		    at + DRIFT * slice < s->own.clock) {
			cpu_work(cpus[bits_lowest(cpus_left)], WORK_RESCHED);
			cpu_kick_later(cpus[bits_lowest(cpus_left)]);
			return;
		}
	}
}

/* All that it has keeps its order. */
static void catch_up(struct sched_cpu *s, struct vcpu *running, uint64_t behind)
{
	struct list *at;

	s->own.clock += behind;
	running->sched.virtual += behind;
	for (at = s->own.list.next; at != &s->own.list; at = at->next)
		list_entry(at, struct vcpu, queue)->sched.virtual += behind;
}

/* Once a slice: c's clock beside the pool's, c's vcpus beside the others'. */
static NOINLINE void keep_even(struct cpu *c, struct vcpu *prev, uint64_t now)
{
	struct sched_cpu *s = c->sched;
	uint64_t clock = READ_ONCE(s->pool->queue.clock), drift = DRIFT * s->pool->slice;
	const struct vcpu *first;

	s->balanced_at = now;
	if (s->own.clock > clock) /* of two at once one may be lost: the next slice brings it */
		WRITE_ONCE(s->pool->queue.clock, s->own.clock);
	else if (s->own.clock + drift < clock)
		catch_up(s, prev, clock - drift - s->own.clock);
	first = first_of(&s->own);
	balance(c, first && first->sched.virtual < prev->sched.virtual ? first : prev);
}

/* Who goes first of prev, which runs on, and the first that waits. */
static inline struct vcpu *leader(const struct sched_cpu *s, struct vcpu *prev, struct vcpu *first,
				  uint64_t now)
{
	return !first || prev->sched.virtual <= first->sched.virtual ||
			       now - s->chosen_at < s->pool->ratelimit
		       ? prev
		       : first;
}

/* prev, if it runs on, or the first that waits, unless its domain is at its cap. */
static struct vcpu *pick(struct cpu *c, struct vcpu *prev, uint64_t now, uint64_t *until)
{
	struct sched_cpu *s = c->sched;
	struct vcpu *first, *next;
	uint64_t most = ~0UL;
	bool runs = !prev->is_idle;

	if (runs) {
		charge(&s->own, prev, now);
		runs = vcpu_runnable(prev) && sched_may_run(prev, c);
	}
	if (unlikely(nr_cpus > 1) && runs && now - s->balanced_at >= s->pool->slice)
		keep_even(c, prev, now);
	for (;;) {
		first = first_of(&s->own);
		next = runs ? leader(s, prev, first, now) : first;
		if (!next)
			return NULL;
		if (likely(!next->domain->cap))
			break;
		most = allowance(next, now);
		if (most)
			break;
		if (next == prev)
			runs = false;
		else
			sched_unqueue(next);
	}
	if (next != prev) {
		sched_take(next, c);
		if (runs)
			insert(&s->own, prev);
	}
	if (!list_empty(&s->own.list)) {
		/* Not much beyond the ratelimit where somebody only waits for that. */
		most = MIN(most, next == prev && now - s->chosen_at < s->pool->ratelimit
					 ? s->chosen_at + s->pool->ratelimit - now
					 : s->pool->longest);
		if (unlikely(nr_cpus > 1))
			call_other(c, first_of(&s->own), now);
	}
	if (most != ~0UL)
		*until = now + most;
	return next;
}

static long adjust(struct domain *d, struct xen_domctl_scheduler_op *op, bool put)
{
	struct xen_domctl_sched_credit *p = &op->u.credit;

	if (!put) {
		*p = (struct xen_domctl_sched_credit){ .weight = d->weight, .cap = d->cap };
		return 0;
	}
	if (p->weight)
		d->weight = p->weight;
	if (p->cap == CAP_UNCHANGED)
		return 0;
	spin_lock(&d->cap_lock);
	if (p->cap)
		share_cap_begin(&d->cap_used, p->cap, time_now());
	d->cap = p->cap;
	spin_unlock(&d->cap_lock);
	return 0;
}

static long adjust_pool(struct cpupool *pool, struct xen_sysctl_scheduler_op *op, bool put)
{
	struct xen_sysctl_credit_schedule *p = &op->u.sched_credit;

	if (put) {
		if (p->tslice_ms < XEN_SYSCTL_CSCHED_TSLICE_MIN ||
		    p->tslice_ms > XEN_SYSCTL_CSCHED_TSLICE_MAX ||
		    (p->ratelimit_us && (p->ratelimit_us < XEN_SYSCTL_SCHED_RATELIMIT_MIN ||
					 p->ratelimit_us > XEN_SYSCTL_SCHED_RATELIMIT_MAX)) ||
		    p->vcpu_migr_delay_us > XEN_SYSCTL_CSCHED_MGR_DLY_MAX_US)
			return -EINVAL;
		pool->slice = p->tslice_ms * NS_PER_MS;
		pool->ratelimit = p->ratelimit_us * NS_PER_US;
		pool->longest = MAX(pool->slice, pool->ratelimit);
		pool->migration = p->vcpu_migr_delay_us * NS_PER_US;
	}
	*p = (struct xen_sysctl_credit_schedule){
		.tslice_ms = (uint32_t)(pool->slice / NS_PER_MS),
		.ratelimit_us = (uint32_t)(pool->ratelimit / NS_PER_US),
		.vcpu_migr_delay_us = (uint32_t)(pool->migration / NS_PER_US),
	};
	return 0;
}

const struct scheduler sched_credit = {
	.name = "credit",
	.id = XEN_SCHEDULER_CREDIT,
	.add = add,
	.choose = choose,
	.wake = wake,
	.other = other,
	.yield = yield,
	.pick = pick,
	.idle = idle,
	.adjust = adjust,
	.adjust_pool = adjust_pool,
};
