/* SPDX-License-Identifier: MIT */
/*
 * A scheduler is a file: a struct scheduler, and its row in the list at the head of cpupool.c. What
 * all have in common is in sched.c: locks, wake-up, block, switching, idling, affinity,
 * runstate. To add one:
 *
 *  1. Give struct sched_vcpu (sched.h), and struct cpupool or struct sched_cpu below where it needs
 *     them, a member for what it knows.
 *  2. `add` fills in a new vcpu's. `wake` puts one into a run queue with sched_queue, by its order.
 *  3. `pick` charges `prev` for the time since prev->charged_at, puts it back into the queue if it
 *     can run on and is not chosen, and takes out whom it chooses with sched_take. It says until
 *     when at most; the core calls again then, and whenever somebody wakes, yields or leaves.
 *  4. Who may run but shall not, until some time: sched_park.
 *  5. `adjust` and its like: what the toolstack may set. NULL where there is nothing.
 */
#pragma once

#include "domain.h"
#include "vcpu.h"

struct xen_domctl_scheduler_op;
struct xen_sysctl_scheduler_op;
struct xen_domctl_schedparam_vcpu;

/*
 * Lock order: domctl's lock, a pool's, one run queue's, then cap_lock and timers'. Who holds one
 * run queue may try to get another, never wait for it.
 */
struct runqueue {
	spinlock_t lock; /* guards the list, and of the vcpus of its processors what vcpu.h says */
	struct list list;
	uint64_t clock; /* credit: virtual time of who ran last; never goes back */
};

struct sched_cpu {
	/* The pool's where its scheduler says so, else `own`. Changes while nobody runs here. */
	struct runqueue *queue;
	struct runqueue own;
	struct cpupool *pool; /* as queue; of one that is in no pool: free_cpus */
	const struct scheduler *scheduler; /* the pool's */
	struct vcpu *chosen; /* who runs, or is about to; NULL: nobody. Under the queue's lock */
	uint64_t chosen_at, balanced_at; /* ns */
	uint64_t until; /* when to choose anew; 0: no limit */
	struct timer slice;
	uint64_t idle_time, idle_since; /* ns; since: 0 while not idle */
	struct vcpu *assigned; /* null: whose processor this is. Under the queue's lock */
};

struct cpupool {
	uint32_t id;
	uint32_t domains; /* how many belong to it */
	const struct scheduler *scheduler;
	uint64_t cpus; /* bit i: processor i; atomic */
	struct runqueue queue; /* of all its processors, where the scheduler has one for all */
	uint64_t slice, ratelimit; /* credit; ns */
	uint64_t longest; /* of the two: how long one runs while others wait */
	uint64_t migration; /* credit, ns: who ran so lately elsewhere stays there */
	spinlock_t lock;           /* null: guards `without` */
	struct list without;       /* null: vcpus that have no processor */
	struct cpupool *next;      /* in the order of ids */
	struct quiet quiet;        /* of its end */
};

struct scheduler {
	const char *name; /* of `sched=` */
	uint32_t id;      /* XEN_SCHEDULER_* */
	bool one_queue;   /* the pool's processors share a queue and its lock */

	/* v comes to its pool, or leaves it: runs nowhere. No lock is held. remove may be NULL. */
	void (*add)(struct vcpu *v);
	void (*remove)(struct vcpu *v);
	/*
	 * A processor joined the pool or is about to leave it, or v's affinity changed. No lock is
	 * held. May be NULL.
	 */
	void (*cpu_added)(struct cpu *c);
	void (*cpu_leaves)(struct cpu *c);
	void (*affinity)(struct vcpu *v);

	/* All of these with the run queue locked. */
	/* Where v, which became runnable, shall wait: a processor that it may run on. */
	struct cpu *(*choose)(const struct vcpu *v);
	/* v waits for c, which is v->cpu. True: c shall pick anew. */
	bool (*wake)(struct cpu *c, struct vcpu *v, uint64_t now);
	/* v waits while its processor has better to do: who else might take it? NULL: nobody. */
	struct cpu *(*other)(const struct vcpu *v);
	void (*yield)(struct cpu *c, struct vcpu *v, uint64_t now);
	/*
	 * Who goes on, on c: `prev` (perhaps the idle vcpu), one of the queue, or NULL. *until: the
	 * time to pick anew; 0 as it comes: no limit.
	 */
	struct vcpu *(*pick)(struct cpu *c, struct vcpu *prev, uint64_t now, uint64_t *until);
	/* c idles, and has said so: who waits elsewhere? No lock is held. May be NULL. */
	void (*idle)(struct cpu *c);

	/* Settings, with domctl's lock held. 0, -EINVAL. NULL: -EOPNOTSUPP. */
	long (*adjust)(struct domain *d, struct xen_domctl_scheduler_op *op, bool put);
	long (*adjust_vcpu)(struct vcpu *v, struct xen_domctl_schedparam_vcpu *op, bool put);
	long (*adjust_pool)(struct cpupool *p, struct xen_sysctl_scheduler_op *op, bool put);
};

extern const struct scheduler sched_credit, sched_rtds, sched_null;
const struct scheduler *scheduler_by_id(uint32_t id); /* NULL: not one of ours */
extern struct cpupool pool0; /* all processors to begin with */
extern struct cpupool free_cpus; /* those that are in no pool */
struct cpupool *cpupool_find(uint32_t id); /* NULL; with domctl's lock */

static inline uint64_t cpus_online(void)
{
	return nr_cpus < 64 ? BIT(nr_cpus) - 1 : ~0UL;
}

/* Where none of its affinity's processors is in the pool, all of the pool's are allowed. */
static inline uint64_t sched_allowed(const struct vcpu *v)
{
	uint64_t all = READ_ONCE(v->domain->pool->cpus) & cpus_online();
	uint64_t mask = READ_ONCE(v->affinity) & all;

	return mask ? mask : all;
}

static inline bool sched_may_run(const struct vcpu *v, const struct cpu *c)
{
	return likely(nr_cpus == 1) || sched_allowed(v) >> c->id & 1;
}

/* sched.c, for schedulers and pools. */
struct runqueue *sched_lock(const struct vcpu *v); /* the queue of v's processor, locked */
/* The queue of c. Which one that is may change until its lock is held. */
static inline struct runqueue *sched_lock_cpu(const struct cpu *c)
{
	struct runqueue *q;

	for (;;) {
		q = READ_ONCE(c->sched->queue);
		spin_lock(&q->lock);
		if (likely(q == READ_ONCE(c->sched->queue)))
			return q;
		spin_unlock(&q->lock);
	}
}

/* Bit i: processor i is idle. Who takes the bit gives it something to do. */
extern uint64_t idle_cpus;
bool sched_take_idle(unsigned cpu);
/* v stands in front of `at`, a vcpu's link or the list itself. */
static inline void sched_queue(struct list *at, struct vcpu *v)
{
	list_insert_before(at, &v->queue);
	v->queued = true;
}
static inline void sched_unqueue(struct vcpu *v)
{
	list_remove(&v->queue);
	v->queued = false;
}
/* Out of the queue and onto c, before the lock goes: nobody queues it again. */
static inline void sched_take(struct vcpu *v, struct cpu *c)
{
	sched_unqueue(v);
	WRITE_ONCE(v->cpu, c);
	WRITE_ONCE(v->running, true);
}
/*
 * This processor chooses anew at `until`, 0: whenever. The timer is put forward, but never back:
 * one that comes too early sets itself again, which costs less than setting it at every choice.
 */
static inline void sched_until(struct sched_cpu *s, uint64_t until)
{
	s->until = until;
	if (unlikely(until && until < s->slice.deadline - 1)) /* or it is not set */
		timer_set_locked(&s->slice, until);
}
/* v, on c or waiting, does not run before `until`. The caller has taken it out of the queue. */
void sched_park(struct vcpu *v, uint64_t until);
void sched_move(struct vcpu *v); /* off a processor that it may not use, now or soon */
/* v, of a domain that stands still, comes to the pool that its domain belongs to now. */
void sched_join(struct vcpu *v);
void cpupool_boot(struct cpu *c); /* c will run, in the first pool */
