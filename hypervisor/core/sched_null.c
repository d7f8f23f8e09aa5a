/* SPDX-License-Identifier: MIT */
/*
 * The null scheduler: a processor belongs to one vcpu, which runs there whenever it can, and
 * nobody else does. So there is nothing to choose, no time slice and no lock that two processors
 * share. A vcpu for which no processor is left stands in the pool's list, whether it could run or
 * not, until one comes free: its vcpu goes away, or a processor joins the pool. So a processor
 * idles while its vcpu sleeps: not work-conserving. Only dom0 never stands there while another
 * domain has a processor that it may have: the machine would stand with it.
 *
 * The list, `own` and `assigned` change under the pool's lock, `assigned` also under its
 * processor's queue's, where every choice reads it. `own` is where a vcpu wakes: one that still
 * runs on a processor that it lost goes there when it has left that.
 */
#include "scheduler.h"

/* A processor that v may have and nobody has; those that it likes first. */
static struct cpu *find_free(const struct vcpu *v)
{
	uint64_t may = sched_allowed(v), likes = may & v->soft_affinity, left;

	for (left = likes; left; left &= left - 1)
		if (!cpus[bits_lowest(left)]->sched->assigned)
			return cpus[bits_lowest(left)];
	for (left = may & ~likes; left; left &= left - 1)
		if (!cpus[bits_lowest(left)]->sched->assigned)
			return cpus[bits_lowest(left)];
	return NULL;
}

static void set_assigned(struct cpu *c, struct vcpu *v)
{
	struct runqueue *q = sched_lock_cpu(c);
	struct vcpu *old = c->sched->assigned;

	if (old && old->queued)
		sched_unqueue(old);
	c->sched->assigned = v;
	spin_unlock(&q->lock);
}

/* v loses its processor, or its place in the list. */
static void withdraw(struct vcpu *v)
{
	struct cpu *c = v->sched.null.own;

	list_remove(&v->sched.null.without);
	WRITE_ONCE(v->sched.null.own, NULL);
	if (c)
		set_assigned(c, NULL);
}

/* The processor of another domain, for v of dom0; whose it was stands in the list. */
static struct cpu *take_from_other(struct vcpu *v)
{
	uint64_t may = sched_allowed(v);
	struct vcpu *other;

	for (; may; may &= may - 1) {
		other = cpus[bits_lowest(may)]->sched->assigned;
		if (!other || other->domain == dom0)
			continue;
		withdraw(other);
		list_push_back(&v->domain->pool->without, &other->sched.null.without);
		sched_wake(other); /* it leaves */
		return cpus[bits_lowest(may)];
	}
	return NULL;
}

/* The first of those without who can have a processor has it now. False: nobody can. */
static bool settle_one(struct cpupool *p)
{
	struct list *at;
	struct vcpu *v;
	struct cpu *c;

	for (at = p->without.next; at != &p->without; at = at->next) {
		v = list_entry(at, struct vcpu, sched.null.without);
		c = find_free(v);
		if (!c && v->domain == dom0)
			c = take_from_other(v);
		if (!c)
			continue;
		list_remove(&v->sched.null.without);
		WRITE_ONCE(v->sched.null.own, c);
		set_assigned(c, v);
		sched_wake(v);
		return true;
	}
	return false;
}

static void settle(struct cpupool *p)
{
	while (settle_one(p))
		;
}

static void add(struct vcpu *v)
{
	struct cpupool *p = v->domain->pool;

	list_init(&v->sched.null.without);
	v->sched.null.own = NULL;
	spin_lock(&p->lock);
	list_push_back(&p->without, &v->sched.null.without);
	settle(p);
	spin_unlock(&p->lock);
}

static void remove(struct vcpu *v)
{
	struct cpupool *p = v->domain->pool;

	spin_lock(&p->lock);
	withdraw(v);
	settle(p);
	spin_unlock(&p->lock);
}

static void cpu_added(struct cpu *c)
{
	struct cpupool *p = c->sched->pool;

	spin_lock(&p->lock);
	settle(p);
	spin_unlock(&p->lock);
}

static void look_elsewhere(struct cpupool *p, struct vcpu *v)
{
	withdraw(v);
	list_push_back(&p->without, &v->sched.null.without);
	settle(p);
}

static void cpu_leaves(struct cpu *c)
{
	struct cpupool *p = c->sched->pool;

	spin_lock(&p->lock);
	if (c->sched->assigned)
		look_elsewhere(p, c->sched->assigned);
	spin_unlock(&p->lock);
}

static void affinity(struct vcpu *v)
{
	struct cpupool *p = v->domain->pool;

	spin_lock(&p->lock);
	if (!v->sched.null.own || !sched_may_run(v, v->sched.null.own))
		look_elsewhere(p, v);
	spin_unlock(&p->lock);
}

static struct cpu *choose(const struct vcpu *v)
{
	struct cpu *own = READ_ONCE(v->sched.null.own);

	return own ? own : v->cpu;
}

static bool wake(struct cpu *c, struct vcpu *v, uint64_t now)
{
	(void)now;
	if (c->sched->assigned != v)
		return false;
	sched_queue(&c->sched->own.list, v);
	return true;
}

static struct cpu *other(const struct vcpu *v)
{
	(void)v;
	return NULL;
}

static void yield(struct cpu *c, struct vcpu *v, uint64_t now)
{
	(void)c, (void)v, (void)now;
}

static struct vcpu *pick(struct cpu *c, struct vcpu *prev, uint64_t now, uint64_t *until)
{
	struct vcpu *v = c->sched->assigned;

	(void)now, (void)until;
	if (!v)
		return NULL;
	if (v == prev)
		return vcpu_runnable(v) ? v : NULL;
	if (!v->queued)
		return NULL;
	sched_take(v, c);
	return v;
}

const struct scheduler sched_null = {
	.name = "null",
	.id = XEN_SCHEDULER_NULL,
	.add = add,
	.remove = remove,
	.cpu_added = cpu_added,
	.cpu_leaves = cpu_leaves,
	.affinity = affinity,
	.choose = choose,
	.wake = wake,
	.other = other,
	.yield = yield,
	.pick = pick,
};
