/* SPDX-License-Identifier: MIT */
/*
 * The real-time scheduler: each vcpu is a deferrable server (sched_edf.c), and of those that can
 * run the ones with the earliest deadlines do, on whatever processor their affinity allows (global
 * EDF). So the pool has one queue, with one lock for all its processors, as RTDS in Xen has: each
 * choice compares the deadlines of all. It is for pools of few processors. Who has used up its
 * budget rests until its next period, or, if it may, runs on behind all who have a budget: then
 * no processor idles while it could run.
 *
 * Budgets come with the period and without a timer where somebody looks anyway: at a wake-up, at a
 * choice. Only who rests, or waits behind the others, needs one (`again`): at its deadline it is
 * taken out of the queue, if it is there, and wakes as if it had slept.
 */
#include "scheduler.h"

#define NS_PER_US      1000UL
#define PERIOD_DEFAULT 10000000UL /* ns */
#define BUDGET_DEFAULT 4000000UL
#define PERIOD_MIN     10000UL
#define BUDGET_MIN     10000UL

static void add(struct vcpu *v)
{
	edf_init(&v->sched.edf, PERIOD_DEFAULT, BUDGET_DEFAULT, true);
}

/* Behind those of equal rank. */
static void insert(struct runqueue *q, struct vcpu *v)
{
	struct list *at = &q->list;

	while (at->prev != &q->list &&
	       edf_before(&v->sched.edf, &list_entry(at->prev, struct vcpu, queue)->sched.edf))
		at = at->prev;
	sched_queue(at, v);
}

/* Who of those that v may run on would be the first to go: an idle one, or the latest deadline. */
static struct cpu *weakest(const struct vcpu *v)
{
	uint64_t may = sched_allowed(v), likes = may & v->soft_affinity;
	uint64_t last = BIT(v->cpu->id), left;
	const struct vcpu *runs;
	struct cpu *worst = NULL;

	if (!v->cpu->sched->chosen && (likes ? likes : may) & last)
		return v->cpu;
	for (left = likes; left; left &= left - 1)
		if (!cpus[bits_lowest(left)]->sched->chosen)
			return cpus[bits_lowest(left)];
	for (left = may; left; left &= left - 1) {
		runs = cpus[bits_lowest(left)]->sched->chosen;
		if (!runs)
			return cpus[bits_lowest(left)];
		if (!worst || edf_before(&worst->sched->chosen->sched.edf, &runs->sched.edf))
			worst = cpus[bits_lowest(left)];
	}
	return worst;
}

static struct cpu *choose(const struct vcpu *v)
{
	return weakest(v);
}

static bool goes_first(const struct vcpu *v, const struct cpu *c)
{
	const struct vcpu *runs = c->sched->chosen;

	return !runs || !vcpu_runnable(runs) || edf_before(&v->sched.edf, &runs->sched.edf);
}

static bool wake(struct cpu *c, struct vcpu *v, uint64_t now)
{
	edf_replenish(&v->sched.edf, now);
	insert(c->sched->queue, v);
	return goes_first(v, c);
}

static struct cpu *other(const struct vcpu *v)
{
	struct cpu *c = weakest(v);

	return goes_first(v, c) ? c : NULL;
}

/* Deadlines alone decide. */
static void yield(struct cpu *c, struct vcpu *v, uint64_t now)
{
	(void)c, (void)v, (void)now;
}

/* prev has run until now. True: it can run on, with what is left or with its next budget. */
static bool charge(struct vcpu *v, uint64_t now)
{
	struct edf *e = &v->sched.edf;
	uint32_t extra = e->extra_used;
	bool more = edf_use(e, now - v->charged_at);

	v->charged_at = now;
	if (now >= e->deadline) {
		edf_replenish(e, now);
		return true;
	}
	if (!more)
		sched_park(v, e->deadline);
	else if (e->extra_used != extra && !extra)
		timer_set_locked(&v->sched.again, e->deadline);
	return more;
}

/* The first that c may take, not one who is just leaving another processor. */
static struct vcpu *first_for(struct runqueue *q, const struct cpu *c)
{
	struct list *at;
	struct vcpu *v;

	for (at = q->list.next; at != &q->list; at = at->next) {
		v = list_entry(at, struct vcpu, queue);
		if (!v->running && sched_may_run(v, c))
			return v;
	}
	return NULL;
}

/* Who waited beyond its deadline begins its next period, and may have to let others go first. */
static struct vcpu *first_fresh(struct runqueue *q, const struct cpu *c, uint64_t now)
{
	struct vcpu *v;

	while ((v = first_for(q, c)) != NULL && now >= v->sched.edf.deadline) {
		sched_unqueue(v);
		edf_replenish(&v->sched.edf, now);
		insert(q, v);
	}
	return v;
}

static struct vcpu *pick(struct cpu *c, struct vcpu *prev, uint64_t now, uint64_t *until)
{
	struct runqueue *q = c->sched->queue;
	struct vcpu *next;
	bool runs = false;

	if (!prev->is_idle) {
		(void)charge(prev, now); /* parks it, where it has nothing left */
		runs = vcpu_runnable(prev) && sched_may_run(prev, c);
	}
	next = first_fresh(q, c, now);
	if (runs && (!next || !edf_before(&next->sched.edf, &prev->sched.edf))) {
		next = prev;
	} else if (next) {
		sched_take(next, c);
		if (runs)
			insert(q, prev);
	}
	if (next)
		*until = edf_until(&next->sched.edf, now);
	return next;
}

static bool params_ok(uint64_t period, uint64_t budget)
{
	return period >= PERIOD_MIN && budget >= BUDGET_MIN && budget <= period;
}

/* A new period begins at the next look. */
static void set_params(struct vcpu *v, uint64_t period, uint64_t budget, bool extra)
{
	struct runqueue *q = sched_lock(v);

	v->sched.edf.period = period;
	v->sched.edf.budget = budget;
	v->sched.edf.extra = extra;
	v->sched.edf.deadline = 0;
	/* It may rest, or wait by its old deadline. */
	timer_set_locked(&v->sched.again, time_now());
	spin_unlock(&q->lock);
}

static long adjust_vcpu(struct vcpu *v, struct xen_domctl_schedparam_vcpu *op, bool put)
{
	struct xen_domctl_sched_rtds *p = &op->u.rtds;
	const struct edf *e = &v->sched.edf;

	if (!put) {
		p->period = (uint32_t)(e->period / NS_PER_US);
		p->budget = (uint32_t)(e->budget / NS_PER_US);
		p->flags = e->extra ? XEN_DOMCTL_SCHEDRT_extra : 0;
		return 0;
	}
	if (!params_ok(p->period * NS_PER_US, p->budget * NS_PER_US))
		return -EINVAL;
	set_params(v, p->period * NS_PER_US, p->budget * NS_PER_US,
		   p->flags & XEN_DOMCTL_SCHEDRT_extra);
	return 0;
}

/* Of the whole domain: the defaults, or all of its vcpus. */
static long adjust(struct domain *d, struct xen_domctl_scheduler_op *op, bool put)
{
	struct xen_domctl_sched_rtds *p = &op->u.rtds;
	uint32_t i;

	if (!put) {
		p->period = PERIOD_DEFAULT / NS_PER_US;
		p->budget = BUDGET_DEFAULT / NS_PER_US;
		return 0;
	}
	if (!params_ok(p->period * NS_PER_US, p->budget * NS_PER_US))
		return -EINVAL;
	for (i = 0; i < d->max_vcpus; i++)
		if (d->vcpu[i])
			set_params(d->vcpu[i], p->period * NS_PER_US, p->budget * NS_PER_US,
				   d->vcpu[i]->sched.edf.extra);
	return 0;
}

const struct scheduler sched_rtds = {
	.name = "rtds",
	.id = XEN_SCHEDULER_RTDS,
	.one_queue = true,
	.add = add,
	.choose = choose,
	.wake = wake,
	.other = other,
	.yield = yield,
	.pick = pick,
	.adjust = adjust,
	.adjust_vcpu = adjust_vcpu,
};
