/* SPDX-License-Identifier: MIT */
/*
 * CPU pools: the processors split among schedulers. Each domain belongs to one pool; each processor
 * to one, or to none, and then it idles.
 *
 * A processor changes its pool only while it idles and no vcpu is bound to it. To take one out,
 * its bit in the pool's mask goes first, so that nobody comes to it any more; then its vcpus are
 * told to move, and it is waited for. The list and the pools' membership change under domctl's
 * lock; masks are read by everybody.
 */
#include "access.h"
#include <xen/sysctl.h>

#include "console.h"
#include "control.h"
#include "frame.h"
#include "hypercall.h"
#include "param.h"
#include "sched.h"
#include "scheduler.h"
#include "lib/string.h"

static const struct scheduler *const schedulers[] = { &sched_credit, &sched_rtds, &sched_null };

static uint64_t slice_ms = 10, ratelimit_us;
PARAM(sched_credit_tslice_ms, PARAM_UINT, &slice_ms, "credit: longest time slice, 1-1000");
PARAM(sched_ratelimit_us, PARAM_UINT, &ratelimit_us,
      "credit: shortest time slice, 0 or 100-500000");

struct cpupool pool0 = { .scheduler = &sched_credit };
struct cpupool free_cpus = { .id = ~0u, .scheduler = &sched_null };

const struct scheduler *scheduler_by_id(uint32_t id)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(schedulers); i++)
		if (schedulers[i]->id == id)
			return schedulers[i];
	return NULL;
}

static int parse_sched(const char *name)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(schedulers); i++)
		if (!strcmp(name, schedulers[i]->name)) {
			pool0.scheduler = schedulers[i];
			return 0;
		}
	if (!strcmp(name, "credit2"))
		printk(LOG_WARNING, "sched=credit2: there is none here; credit it is\n");
	else
		printk(LOG_WARNING, "sched=%s: there are credit, rtds and null; credit it is\n",
		       name);
	return 0;
}
PARAM(sched, PARAM_FN, parse_sched, "the scheduler: credit, rtds or null");

static void init(struct cpupool *p, uint32_t id, const struct scheduler *s)
{
	p->id = id;
	p->scheduler = s;
	p->slice = slice_ms * 1000000;
	p->ratelimit = ratelimit_us * 1000;
	p->longest = MAX(p->slice, p->ratelimit);
	spin_init(&p->lock, LOCK_CPUPOOL);
	spin_init(&p->queue.lock, LOCK_RUNQUEUE);
	list_init(&p->queue.list);
	list_init(&p->without);
}

static void check_options(void)
{
	if (slice_ms < XEN_SYSCTL_CSCHED_TSLICE_MIN || slice_ms > XEN_SYSCTL_CSCHED_TSLICE_MAX) {
		printk(LOG_WARNING, "sched_credit_tslice_ms=%lu: 1 to 1000, please; 10 it is\n",
		       slice_ms);
		slice_ms = 10;
	}
	if (ratelimit_us && (ratelimit_us < XEN_SYSCTL_SCHED_RATELIMIT_MIN ||
			     ratelimit_us > XEN_SYSCTL_SCHED_RATELIMIT_MAX)) {
		printk(LOG_WARNING, "sched_ratelimit_us=%lu: 0, or 100 to 500000; 0 it is\n",
		       ratelimit_us);
		ratelimit_us = 0;
	}
}

/* c belongs to p from now on; it idles, and nobody is bound to it. */
static void set_pool(struct cpu *c, struct cpupool *p)
{
	struct runqueue *q = sched_lock_cpu(c);

	c->sched->pool = p;
	c->sched->scheduler = p->scheduler;
	c->sched->assigned = NULL;
	WRITE_ONCE(c->sched->queue, p->scheduler->one_queue ? &p->queue : &c->sched->own);
	spin_unlock(&q->lock);
}

/* Nobody else knows c yet. The first one makes the first pool. */
void cpupool_boot(struct cpu *c)
{
	if (!pool0.cpus) {
		check_options();
		init(&pool0, 0, pool0.scheduler);
		init(&free_cpus, ~0u, free_cpus.scheduler);
		printk(LOG_INFO, "scheduler: %s\n", pool0.scheduler->name);
	}
	c->sched->queue = &c->sched->own;
	set_pool(c, &pool0);
	pool0.cpus |= BIT(c->id);
}

static uint64_t cpus_of(const struct cpupool *p)
{
	return p->cpus & cpus_online();
}

/* The first pool whose id is not below. */
static struct cpupool *pool_from(uint32_t id)
{
	struct cpupool *p;

	for (p = &pool0; p && p->id < id; p = p->next)
		;
	return p;
}

struct cpupool *cpupool_find(uint32_t id)
{
	struct cpupool *p = pool_from(id);

	return p && p->id == id ? p : NULL;
}

/* --- Domains -------------------------------------------------------------------------------- */

int cpupool_enter(struct domain *d, uint32_t id)
{
	struct cpupool *p = cpupool_find(id);

	if (!p)
		return -ESRCH;
	if (!cpus_of(p))
		return -ENODEV;
	d->pool = p;
	d->weight = SHARE_WEIGHT;
	__atomic_add_fetch(&p->domains, 1, __ATOMIC_RELAXED);
	return 0;
}

void cpupool_leave(struct domain *d)
{
	if (d->pool)
		__atomic_sub_fetch(&d->pool->domains, 1, __ATOMIC_RELAXED);
}

uint32_t cpupool_id(const struct domain *d)
{
	return d->pool->id;
}

/* d stands still. Settings are those of a new domain. */
static void move(struct domain *d, struct cpupool *to)
{
	struct cpupool *from = d->pool;
	uint32_t i;

	for (i = 0; i < d->max_vcpus; i++)
		if (d->vcpu[i])
			sched_leave(d->vcpu[i]);
	__atomic_sub_fetch(&from->domains, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&to->domains, 1, __ATOMIC_RELAXED);
	d->pool = to;
	d->weight = SHARE_WEIGHT;
	d->cap = 0;
	for (i = 0; i < d->max_vcpus; i++)
		if (d->vcpu[i])
			sched_join(d->vcpu[i]);
}

void cpupool_dying(struct domain *d)
{
	if (d->pool != &pool0)
		move(d, &pool0);
}

static long op_move(const struct xen_sysctl_cpupool_op *op)
{
	struct cpupool *p = cpupool_find(op->cpupool_id);
	struct domain *d;
	long rc = 0;

	if (op->domid == DOMID_SELF || op->domid == current->domain->id)
		return -EPERM;
	d = op->domid < DOMID_FIRST_RESERVED ? domain_get((domid_t)op->domid) : NULL;
	if (!d)
		return -ESRCH;
	if (!p || !cpus_of(p)) {
		rc = -ENOENT;
	} else if (p != d->pool && d->dying == DOMAIN_ALIVE) {
		domain_pause(d);
		move(d, p);
		domain_unpause(d);
	}
	domain_put(d);
	return rc;
}

/* --- Pools ---------------------------------------------------------------------------------- */

static long op_create(struct xen_sysctl_cpupool_op *op)
{
	const struct scheduler *s = scheduler_by_id(op->sched_id);
	struct cpupool *p, *before = &pool0;
	uint32_t id = op->cpupool_id;

	if (!s)
		return -ENOENT;
	if (id == XEN_SYSCTL_CPUPOOL_PAR_ANY) {
		while (before->next)
			before = before->next;
		id = before->id + 1;
	} else if (cpupool_find(id)) {
		return -EEXIST;
	}
	p = heap_alloc(sizeof(*p));
	if (!p)
		return -ENOMEM;
	init(p, id, s);
	for (before = &pool0; before->next && before->next->id < id; before = before->next)
		;
	p->next = before->next;
	before->next = p;
	op->cpupool_id = id;
	return 0;
}

static void free_quietly(struct quiet *q)
{
	heap_free(container_of(q, struct cpupool, quiet));
}

static long op_destroy(struct cpupool *p)
{
	struct cpupool *before = &pool0;

	if (p->domains || p->cpus)
		return -EBUSY;
	while (before->next != p)
		before = before->next;
	before->next = p->next;
	quiet_call(&p->quiet, free_quietly); /* a processor that left it may still look */
	return 0;
}

static long op_info(struct xen_sysctl_cpupool_op *op)
{
	struct cpupool *p = pool_from(op->cpupool_id);

	if (!p)
		return -ENOENT;
	op->cpupool_id = p->id;
	op->sched_id = p->scheduler->id;
	op->n_dom = p->domains;
	return bitmap_out(&op->cpumap, cpus_of(p), MAX_CPUS);
}

/* --- Processors ----------------------------------------------------------------------------- */

static uint64_t cpus_free(void)
{
	uint64_t mask = 0;
	unsigned i;

	for (i = 0; i < nr_cpus; i++)
		if (cpus[i]->sched->pool == &free_cpus)
			mask |= BIT(i);
	return mask;
}

static long op_add_cpu(struct cpupool *p, uint32_t cpu)
{
	uint64_t free = cpus_free();
	struct cpu *c;

	if (cpu == XEN_SYSCTL_CPUPOOL_PAR_ANY) {
		if (!free)
			return -ENODEV;
		cpu = bits_lowest(free);
	}
	if (cpu >= nr_cpus)
		return -EINVAL;
	if (!(free >> cpu & 1))
		return -ENODEV;
	c = cpus[cpu];
	set_pool(c, p);
	__atomic_or_fetch(&p->cpus, BIT(cpu), __ATOMIC_SEQ_CST);
	if (p->scheduler->cpu_added)
		p->scheduler->cpu_added(c);
	cpu_work(c, WORK_RESCHED); /* somebody may wait elsewhere */
	cpu_kick(c);
	return 0;
}

/* Who is bound to c alone may run anywhere afterwards, as with Xen. True: c is rid of all. */
static bool evacuate(struct cpupool *p, const struct cpu *c)
{
	bool empty = true;
	struct domain *d;
	struct vcpu *v;
	domid_t next = 0;
	uint32_t i;

	for (; (d = domain_get_next(next)) != NULL; domain_put(d)) {
		next = (domid_t)(d->id + 1);
		for (i = 0; d->pool == p && i < d->max_vcpus; i++) {
			v = d->vcpu[i];
			if (!v)
				continue;
			if (!(v->affinity & cpus_of(p)))
				WRITE_ONCE(v->affinity, ~0UL);
			sched_move(v);
			empty &= READ_ONCE(v->cpu) != c;
		}
	}
	return empty;
}

/*
 * Nobody comes to c any more as soon as its bit is gone. The caller's own vcpu leaves on its way
 * out of the hypervisor, so it has to come again.
 */
static long op_remove_cpu(struct cpupool *p, uint32_t cpu)
{
	struct cpu *c;

	if (cpu == XEN_SYSCTL_CPUPOOL_PAR_ANY && cpus_of(p))
		cpu = 63 - (uint32_t)__builtin_clzl(cpus_of(p));
	if (cpu >= nr_cpus)
		return -EINVAL;
	if (p == &pool0 && !cpu)
		return -EINVAL; /* the first pool keeps the first processor */
	c = cpus[cpu];
	if (c->sched->pool != p)
		return -EADDRNOTAVAIL;
	if (cpus_of(p) == BIT(cpu) && p->domains)
		return -EBUSY;
	__atomic_and_fetch(&p->cpus, ~BIT(cpu), __ATOMIC_SEQ_CST);
	if (p->scheduler->cpu_leaves)
		p->scheduler->cpu_leaves(c);
	while (!evacuate(p, c)) {
		if (c == this_cpu())
			return -ERESTART;
		cpu_serve();
	}
	set_pool(c, &free_cpus);
	return 0;
}

/* With domctl's lock. Copied back by the caller. -ERESTART: again. */
long sysctl_cpupool(struct xen_sysctl_cpupool_op *op)
{
	struct cpupool *p = cpupool_find(op->cpupool_id);

	switch (op->op) {
	case XEN_SYSCTL_CPUPOOL_OP_CREATE:
		return op_create(op);
	case XEN_SYSCTL_CPUPOOL_OP_DESTROY:
		return p ? op_destroy(p) : -ENOENT;
	case XEN_SYSCTL_CPUPOOL_OP_INFO:
		return op_info(op);
	case XEN_SYSCTL_CPUPOOL_OP_ADDCPU:
		return p ? op_add_cpu(p, op->cpu) : -ENOENT;
	case XEN_SYSCTL_CPUPOOL_OP_RMCPU:
		return p ? op_remove_cpu(p, op->cpu) : -ENOENT;
	case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN:
		return op_move(op);
	case XEN_SYSCTL_CPUPOOL_OP_FREEINFO:
		return bitmap_out(&op->cpumap, cpus_free(), MAX_CPUS);
	default:
		return -ENOSYS;
	}
}
