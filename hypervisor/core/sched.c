/* SPDX-License-Identifier: MIT */
/*
 * What all schedulers have in common. Who goes next is decided by the scheduler of the processor's
 * pool (scheduler.h); here is all else: waking and sleeping, the way onto and off a processor,
 * idling.
 *
 * An idle processor halts in sched_run with the last vcpu's address space still loaded: when that
 * one wakes first, as it mostly does, nothing is switched. Such a vcpu counts as running (it is on
 * the processor) until another one runs, or until somebody needs it off (sched_sleep_sync).
 *
 * Several processors. A vcpu belongs to one, v->cpu, whose run queue's lock guards its state; that
 * changes only under the lock of the old one, while the vcpu does not run and, but where the two
 * have one queue, does not wait. One that wakes goes where the scheduler says. A processor that
 * finds nobody says that it is idle, then looks again; who leaves somebody waiting tells an idle
 * one to look.
 */
#include "scheduler.h"
#include "block.h"
#include "console.h"
#include "evtchn.h"
#include "x86.h"

uint64_t idle_cpus; /* atomic */

/* The timer may be that of an earlier choice (sched_until). */
static void slice_end(void *cpu)
{
	struct cpu *c = cpu;
	uint64_t until = READ_ONCE(c->sched->until);

	if (until > time_now())
		timer_set(&c->sched->slice, until);
	else if (until)
		cpu_work(c, WORK_RESCHED);
}

struct runqueue *sched_lock(const struct vcpu *v)
{
	struct runqueue *q;
	struct cpu *c;

	for (;;) {
		c = READ_ONCE(v->cpu);
		q = READ_ONCE(c->sched->queue);
		spin_lock(&q->lock);
		if (likely(c == READ_ONCE(v->cpu) && q == READ_ONCE(c->sched->queue)))
			return q;
		spin_unlock(&q->lock);
	}
}

void sched_init_cpu(struct cpu *c)
{
	struct sched_cpu *s = heap_alloc(sizeof(*s));

	BUG_ON(!s);
	spin_init(&s->own.lock, LOCK_RUNQUEUE);
	list_init(&s->own.list);
	timer_setup(&s->slice, slice_end, c);
	c->sched = s;
	cpupool_boot(c);
}

/* The time to look at a parked vcpu again, or at one that waits behind others until then. */
static void again(void *vcpu)
{
	struct vcpu *v = vcpu;
	struct runqueue *q = sched_lock(v);

	v->parked = false;
	if (v->queued)
		sched_unqueue(v);
	spin_unlock(&q->lock);
	sched_wake(v);
}

void sched_park(struct vcpu *v, uint64_t until)
{
	v->parked = true;
	timer_set_locked(&v->sched.again, until);
}

/* To begin with: of its pool's processors the one with the fewest vcpus. */
static struct cpu *emptiest(const struct cpupool *p)
{
	unsigned load[MAX_CPUS] = { 0 }, best;
	uint64_t cpus_left = p->cpus & cpus_online();
	struct domain *d;
	uint32_t n;

	for (d = domain_get_next(0); d; d = domain_get_next((domid_t)(n + 1))) {
		for (n = 0; n < d->max_vcpus; n++)
			if (d->vcpu[n] && d->vcpu[n]->cpu)
				load[d->vcpu[n]->cpu->id]++;
		n = d->id;
		domain_put(d);
	}
	for (best = bits_lowest(cpus_left); cpus_left; cpus_left &= cpus_left - 1)
		if (load[bits_lowest(cpus_left)] < load[best])
			best = bits_lowest(cpus_left);
	return cpus[best];
}

static void join(struct vcpu *v, struct cpu *c)
{
	struct runqueue *q = sched_lock(v);

	v->affinity = v->soft_affinity = ~0UL;
	v->parked = false;
	WRITE_ONCE(v->cpu, c);
	spin_unlock(&q->lock);
	v->domain->pool->scheduler->add(v);
}

/* Nobody else knows the vcpu yet. */
void sched_add_vcpu(struct vcpu *v)
{
	list_init(&v->queue);
	timer_setup(&v->sched.again, again, v);
	v->cpu = emptiest(v->domain->pool);
	join(v, v->cpu);
}

void sched_join(struct vcpu *v)
{
	join(v, emptiest(v->domain->pool)); /* puts domains: before a run queue's lock */
}

uint64_t sched_idle_time(const struct cpu *c)
{
	uint64_t since = c->sched->idle_since;

	return c->sched->idle_time + (since ? time_now() - since : 0);
}

void sched_leave(struct vcpu *v)
{
	struct runqueue *q = sched_lock(v);

	if (v->queued)
		sched_unqueue(v);
	spin_unlock(&q->lock);
	timer_stop_sync(&v->sched.again);
	if (v->domain->pool->scheduler->remove)
		v->domain->pool->scheduler->remove(v);
}

bool sched_take_idle(unsigned cpu)
{
	return __atomic_fetch_and(&idle_cpus, ~BIT(cpu), __ATOMIC_SEQ_CST) >> cpu & 1;
}

/*
 * v, which neither waits nor runs, goes to the processor where it shall wait; its lock is held
 * before and after, but where the two have different ones not between: then somebody else may have
 * woken v, and NULL is the answer, without a lock.
 */
static struct runqueue *place(struct vcpu *v, struct runqueue *q)
{
	struct cpu *c = v->cpu->sched->scheduler->choose(v);

	if (c == v->cpu)
		return q;
	WRITE_ONCE(v->cpu, c);
	if (READ_ONCE(c->sched->queue) == q)
		return q;
	spin_unlock(&q->lock);
	q = sched_lock(v);
	if (!v->queued && !v->running && vcpu_runnable(v))
		return q;
	spin_unlock(&q->lock);
	return NULL;
}

/* Puts it into the run queue. Who shall pick anew: its processor, another one, or NULL. */
static struct cpu *enqueue(struct vcpu *v)
{
	const struct scheduler *sched = v->cpu->sched->scheduler;
	uint64_t now = time_now();

	vcpu_set_runstate(v, RUNSTATE_runnable, now);
	if (sched->wake(v->cpu, v, now))
		return v->cpu;
	return unlikely(nr_cpus > 1) && v->queued ? sched->other(v) : NULL;
}

/*
 * Three cases: it waits already; it still has its processor (blocked a moment ago, or idling
 * there), which then looks again; or it joins the queue.
 */
void sched_wake(struct vcpu *v)
{
	struct runqueue *q = sched_lock(v);
	struct cpu *look = NULL;

	if (v->queued || !vcpu_runnable(v))
		goto out;
	if (v->running) {
		look = v->cpu;
		goto out;
	}
	if (unlikely(nr_cpus > 1)) {
		q = place(v, q);
		if (!q)
			return;
	}
	look = enqueue(v);
out:
	if (look)
		cpu_work(look, WORK_RESCHED);
	spin_unlock(&q->lock);
	if (look)
		cpu_kick(look);
}

void sched_sleep(struct vcpu *v)
{
	struct runqueue *q = sched_lock(v);
	struct cpu *c = v->cpu;
	bool look = false;

	if (!vcpu_runnable(v)) {
		if (v->queued)
			sched_unqueue(v);
		if (v->runstate.state == RUNSTATE_runnable)
			vcpu_set_runstate(v, RUNSTATE_offline, time_now());
		look = v->running;
	}
	if (look)
		cpu_work(c, WORK_RESCHED);
	spin_unlock(&q->lock);
	if (look)
		cpu_kick(c);
}

/*
 * The other processor notices WORK_RESCHED at its next interrupt at the latest: the kick. It may be
 * in the hypervisor and wait for us: no lock may be held here, and two must not wait for each
 * other's vcpus, so that all who call this hold domctl's lock, which nobody waits for.
 *
 * `running` is cleared after the vcpu's state was stored, so who sees it cleared sees the state.
 */
void sched_sleep_sync(struct vcpu *v)
{
	sched_sleep(v);
	if (v == current)
		return;
	while (__atomic_load_n(&v->running, __ATOMIC_ACQUIRE) && !vcpu_runnable(v))
		cpu_serve();
}

/* On a processor that it leaves by itself; waiting, it wakes anew; at rest, it only changes. */
void sched_move(struct vcpu *v)
{
	struct runqueue *q = sched_lock(v);
	struct cpu *c = v->cpu;
	bool moves = !sched_may_run(v, c), runs = v->running;

	if (moves && runs)
		cpu_work(c, WORK_RESCHED);
	else if (moves && v->queued)
		sched_unqueue(v);
	if (moves && !runs)
		WRITE_ONCE(v->cpu, cpus[bits_lowest(sched_allowed(v))]);
	spin_unlock(&q->lock);
	if (moves && runs)
		cpu_kick(c);
	else if (moves)
		sched_wake(v);
}

void sched_set_affinity(struct vcpu *v, uint64_t hard, uint64_t soft)
{
	struct runqueue *q = sched_lock(v);

	WRITE_ONCE(v->affinity, hard);
	v->soft_affinity = soft;
	spin_unlock(&q->lock);
	if (v->domain->pool->scheduler->affinity)
		v->domain->pool->scheduler->affinity(v);
	sched_move(v);
}

/*
 * The lost wake-up. A waker first makes the event pending, then clears `blocked`; we first set
 * `blocked`, then look for events. So either we see the event and do not sleep, or the waker sees
 * us blocked and wakes us.
 */
void sched_block(void)
{
	struct vcpu *v = current;

	WRITE_ONCE(v->blocked, true);
	mb(); /* an event that comes now either sees us blocked, or is seen below */
	if (evtchn_pending(v))
		WRITE_ONCE(v->blocked, false);
	else
		cpu_work(this_cpu(), WORK_RESCHED);
}

/*
 * Whoever clears `blocked` wakes: of several wakers exactly one. That it polls no more is noted by
 * the vcpu itself when it goes on (sched_run): a waker on another processor may come here late,
 * when the vcpu polls again already.
 */
bool sched_unblock(struct vcpu *v)
{
	if (!__atomic_exchange_n(&v->blocked, false, __ATOMIC_SEQ_CST))
		return false;
	sched_wake(v);
	return true;
}

static NOINLINE void poll_over(struct vcpu *v)
{
	v->polling = false;
	__atomic_and_fetch(&v->domain->poll_mask, ~BIT(v->id), __ATOMIC_RELAXED);
}

/* With nobody waiting there is nothing to do, and no time is read: programs spin on this. */
void sched_yield(void)
{
	struct cpu *c = this_cpu();
	struct sched_cpu *s = c->sched;
	struct runqueue *q;

	if (list_empty(&s->queue->list))
		return;
	q = sched_lock_cpu(c);
	s->scheduler->yield(c, c->vcpu, time_now());
	spin_unlock(&q->lock);
	cpu_work(c, WORK_RESCHED);
}

/* What a vcpu that leaves its processor is from now on. */
static int stopped_state(const struct vcpu *v)
{
	return v->queued ? RUNSTATE_runnable : v->blocked ? RUNSTATE_blocked :
		v->parked ? RUNSTATE_runnable : RUNSTATE_offline;
}

/*
 * Its state is stored: another processor may have it. Who woke it while it was on its way has left
 * that to us.
 */
static void left(struct cpu *c, struct vcpu *v)
{
	struct cpu *look = NULL;
	struct runqueue *q;
	bool wake;

	if (likely(nr_cpus == 1) || v->is_idle) {
		WRITE_ONCE(v->running, false);
		return;
	}
	q = sched_lock_cpu(c);
	__atomic_store_n(&v->running, false, __ATOMIC_RELEASE);
	if (v->queued && !sched_may_run(v, c))
		sched_unqueue(v);
	wake = !v->queued && vcpu_runnable(v);
	if (v->queued)
		look = c->sched->scheduler->other(v);
	if (look)
		cpu_work(look, WORK_RESCHED);
	spin_unlock(&q->lock);
	if (wake)
		sched_wake(v);
	else if (look)
		cpu_kick(look);
}

/* Nobody can run. Halts until there is work; timers are served here, all else on the way out. */
static void idle(struct cpu *c, struct vcpu *prev)
{
	struct sched_cpu *s = c->sched;

	/* Not merely waiting: others want it off the processor, or it may not stay, or not run. */
	if (!prev->is_idle && (prev->pause_count || prev->domain->pause_count || prev->down ||
			       vcpu_runnable(prev) || !sched_may_run(prev, c))) {
		WRITE_ONCE(c->idle->running, true);
		switch_to(prev, c->idle);
		left(c, prev);
	}
	if (unlikely(nr_cpus > 1) && s->scheduler->idle)
		s->scheduler->idle(c);
	s->idle_since = time_now();
	while (!(READ_ONCE(c->work) & (WORK_RESCHED | WORK_TIMER | WORK_QUIET))) {
		if (!block_scrub_one())
			__asm__ volatile("sti; hlt; cli" ::: "memory");
		else
			__asm__ volatile("sti; nop; cli" ::: "memory");
	}
	s->idle_time += time_now() - s->idle_since;
	s->idle_since = 0;
	if (unlikely(nr_cpus > 1))
		(void)sched_take_idle(c->id);
	if (unlikely(c->work & WORK_QUIET))
		quiet_pass(c);
	if (c->work & WORK_TIMER) {
		__atomic_and_fetch(&c->work, ~WORK_TIMER, __ATOMIC_RELAXED);
		timer_run();
	}
}

/*
 * c idles until its scheduler has somebody, and then holds the queue's lock, which it gives up
 * meanwhile and holds on entry too.
 */
static NOINLINE struct vcpu *idle_until(struct cpu *c, uint64_t *now, uint64_t *until)
{
	struct sched_cpu *s = c->sched;
	struct vcpu *prev, *next;

	do {
		prev = c->vcpu;
		s->chosen = NULL;
		s->until = 0;
		if (!prev->is_idle)
			vcpu_set_runstate(prev, stopped_state(prev), *now);
		if (unlikely(nr_cpus > 1))
			__atomic_or_fetch(&idle_cpus, BIT(c->id), __ATOMIC_SEQ_CST);
		spin_unlock(&s->queue->lock);
		idle(c, prev);
		prev = c->vcpu;
		(void)sched_lock_cpu(c);
		*now = prev->charged_at = time_now(); /* it slept, if it is still here */
		__atomic_and_fetch(&c->work, ~WORK_RESCHED, __ATOMIC_SEQ_CST);
		*until = 0;
		next = s->scheduler->pick(c, prev, *now, until);
	} while (!next);
	return next;
}

void sched_run(void)
{
	struct cpu *c = this_cpu();
	struct sched_cpu *s = c->sched;
	struct runqueue *q = sched_lock_cpu(c);
	struct vcpu *prev = c->vcpu, *next;
	uint64_t now = time_now(), until = 0;

	__atomic_and_fetch(&c->work, ~WORK_RESCHED, __ATOMIC_SEQ_CST);
	next = s->scheduler->pick(c, prev, now, &until);
	if (unlikely(!next)) {
		next = idle_until(c, &now, &until);
		prev = c->vcpu;
		q = s->queue;
	}
	sched_until(s, until);
	if (next != s->chosen) {
		s->chosen = next;
		s->chosen_at = now;
	}
	next->charged_at = now;
	if (prev != next && !prev->is_idle)
		vcpu_set_runstate(prev, stopped_state(prev), now);
	vcpu_set_runstate(next, RUNSTATE_running, now);
	spin_unlock(&q->lock);
	if (prev != next) {
		if (!prev->is_idle && unlikely(prev->runstate_guest))
			vcpu_publish_runstate(prev);
		switch_to(prev, next);
		left(c, prev);
		time_update_vcpu(next);
	}
	if (unlikely(next->polling) && !next->blocked)
		poll_over(next);
	vcpu_periodic_start(next);
	if (unlikely(next->runstate_guest))
		vcpu_publish_runstate(next);
}
