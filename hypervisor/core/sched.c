/* SPDX-License-Identifier: MIT */
/*
 * The scheduler. Each processor has a queue of runnable vcpus ordered by virtual run time: the time
 * that a vcpu has run, divided by its domain's weight. The first one goes next. A vcpu that slept
 * starts again at most one slice behind the processor's own clock (`least`), so that it gets its
 * turn soon but cannot save up time; it preempts who runs if it is behind him by more than PREEMPT.
 *
 * An idle processor halts in sched_run with the last vcpu's address space still loaded: when that
 * one wakes first, as it mostly does, nothing is switched. Such a vcpu counts as running (it is on
 * the processor) until another one runs, or until somebody needs it off (sched_sleep_sync).
 */
#include "sched.h"
#include "block.h"
#include "console.h"
#include "evtchn.h"
#include "x86.h"

#define SLICE   10000000UL /* ns */
#define PREEMPT 500000UL

struct sched_cpu {
	spinlock_t lock; /* guards the queue, and queued, running, vruntime of the vcpus of this
			    processor */
	struct list queue;
	uint64_t least; /* virtual run time of who ran last: never goes back */
	struct timer slice;
	uint64_t idle_time, idle_since; /* ns; since: 0 while not idle */
};

static void slice_end(void *cpu)
{
	cpu_work(cpu, WORK_RESCHED);
}

void sched_init_cpu(struct cpu *c)
{
	c->sched = heap_alloc(sizeof(*c->sched));
	BUG_ON(!c->sched);
	list_init(&c->sched->queue);
	timer_setup(&c->sched->slice, slice_end, c);
}

/* Vcpus stay where they are put: migration comes with the second processor. */
int sched_add_vcpu(struct vcpu *v)
{
	unsigned i, least = 0, load[MAX_CPUS] = { 0 };
	struct domain *d;
	uint32_t n;

	/* The processor with the fewest vcpus; migration comes with the second processor. */
	for (d = dom0; d; d = d->next)
		for (n = 0; n < d->max_vcpus; n++)
			if (d->vcpu[n] && d->vcpu[n]->cpu)
				load[d->vcpu[n]->cpu->id]++;
	for (i = 1; i < nr_cpus; i++)
		if (load[i] < load[least])
			least = i;
	list_init(&v->queue);
	v->affinity = ~0UL;
	v->cpu = cpus[least];
	return 0;
}

uint64_t sched_idle_time(const struct cpu *c)
{
	uint64_t since = c->sched->idle_since;

	return c->sched->idle_time + (since ? time_now() - since : 0);
}

/* Behind those of the same virtual run time. Most come to the end, so the search begins there. */
static void queue_insert(struct sched_cpu *s, struct vcpu *v)
{
	struct list *at = &s->queue;
	struct vcpu *last;

	while (at->prev != &s->queue) {
		last = list_entry(at->prev, struct vcpu, queue);
		if (last->vruntime <= v->vruntime)
			break;
		at = at->prev;
	}
	list_insert_before(at, &v->queue);
	v->queued = true;
}

static void queue_remove(struct vcpu *v)
{
	list_remove(&v->queue);
	v->queued = false;
}

void sched_remove_vcpu(struct vcpu *v)
{
	struct sched_cpu *s = v->cpu->sched;

	spin_lock(&s->lock);
	if (v->queued)
		queue_remove(v);
	spin_unlock(&s->lock);
}

/* What v has used since it was last charged. */
static void charge(struct sched_cpu *s, struct vcpu *v, uint64_t now)
{
	uint64_t ran = now - v->slice_start;

	if (v->domain->weight != SCHED_WEIGHT_DEFAULT)
		ran = ran * SCHED_WEIGHT_DEFAULT / v->domain->weight;
	v->vruntime += ran;
	v->slice_start = now;
	s->least = MAX(s->least, v->vruntime);
}

/*
 * Three cases: it waits already; it still has its processor (blocked a moment ago, or idling
 * there), which then looks again; or it joins the queue. One that slept long starts a slice behind
 * the clock, not further.
 */
void sched_wake(struct vcpu *v)
{
	struct cpu *c = v->cpu;
	struct sched_cpu *s = c->sched;
	struct vcpu *running;
	uint64_t now;

	spin_lock(&s->lock);
	if (v->queued || !vcpu_runnable(v))
		goto out;
	if (v->running) {
		/* Blocked but not yet off the processor, or idling on it. */
		cpu_work(c, WORK_RESCHED);
		goto out;
	}
	now = time_now();
	vcpu_set_runstate(v, RUNSTATE_runnable, now);
	if (v->vruntime + SLICE < s->least)
		v->vruntime = s->least - SLICE;
	queue_insert(s, v);
	running = c->vcpu;
	if (running->is_idle || !vcpu_runnable(running) ||
	    v->vruntime + PREEMPT < running->vruntime + (now - running->slice_start))
		cpu_work(c, WORK_RESCHED);
	else if (!s->slice.deadline)
		timer_set(&s->slice, now + SLICE);
out:
	spin_unlock(&s->lock);
	cpu_kick(c);
}

void sched_sleep(struct vcpu *v)
{
	struct sched_cpu *s = v->cpu->sched;

	spin_lock(&s->lock);
	if (!vcpu_runnable(v)) {
		if (v->queued) {
			queue_remove(v);
			vcpu_set_runstate(v, RUNSTATE_offline, time_now());
		}
		if (v->running)
			cpu_work(v->cpu, WORK_RESCHED);
	}
	spin_unlock(&s->lock);
}

/*
 * The other processor notices WORK_RESCHED at its next interrupt at the latest: the kick. Requests
 * of others are served meanwhile, or two processors that stop vcpus of each other would wait for
 * ever.
 */
void sched_sleep_sync(struct vcpu *v)
{
	sched_sleep(v);
	if (v->cpu == this_cpu())
		return; /* it can be here only as the caller itself */
	while (READ_ONCE(v->running) && !vcpu_runnable(v)) {
		cpu_kick(v->cpu);
		cpu_serve();
	}
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
		this_cpu()->work |= WORK_RESCHED;
}

/* Whoever clears `blocked` wakes: of several wakers exactly one. */
void sched_unblock(struct vcpu *v)
{
	if (!__atomic_exchange_n(&v->blocked, false, __ATOMIC_SEQ_CST))
		return;
	if (v->polling) {
		v->polling = false;
		__atomic_and_fetch(&v->domain->poll_mask, ~BIT(v->id), __ATOMIC_RELAXED);
	}
	sched_wake(v);
}

/* With nobody waiting there is nothing to do, and no time is read: programs spin on this. */
void sched_yield(void)
{
	struct cpu *c = this_cpu();
	struct sched_cpu *s = c->sched;
	struct vcpu *v = c->vcpu;

	if (list_empty(&s->queue))
		return;
	spin_lock(&s->lock);
	charge(s, v, time_now());
	if (!list_empty(&s->queue))
		v->vruntime =
			MAX(v->vruntime, list_last(&s->queue, struct vcpu, queue)->vruntime + 1);
	spin_unlock(&s->lock);
	c->work |= WORK_RESCHED;
}

/*
 * Who goes next on this processor, out of the queue; NULL: nobody. `prev` goes into it if it can
 * run on.
 */
static struct vcpu *pick(struct sched_cpu *s, struct vcpu *prev)
{
	struct vcpu *first = NULL;
	bool runnable = !prev->is_idle && vcpu_runnable(prev);

	if (!list_empty(&s->queue))
		first = list_first(&s->queue, struct vcpu, queue);
	if (runnable && (!first || prev->vruntime <= first->vruntime))
		return prev;
	if (first) {
		queue_remove(first);
		if (runnable)
			queue_insert(s, prev);
	}
	return first;
}

/* What a vcpu that leaves its processor is from now on. */
static int stopped_state(const struct vcpu *v)
{
	return v->queued ? RUNSTATE_runnable : v->blocked ? RUNSTATE_blocked : RUNSTATE_offline;
}

/* Nobody can run. Halts until there is work; timers are served here, all else on the way out. */
static void idle(struct cpu *c, struct vcpu *prev)
{
	if (!prev->is_idle && (prev->pause_count || prev->domain->pause_count || prev->down)) {
		/* Not merely waiting: others want it off the processor. */
		switch_to(prev, c->idle);
		WRITE_ONCE(prev->running, false);
		WRITE_ONCE(c->idle->running, true);
	}
	c->sched->idle_since = time_now();
	while (!(READ_ONCE(c->work) & (WORK_RESCHED | WORK_TIMER))) {
		if (!block_scrub_one())
			__asm__ volatile("sti; hlt; cli" ::: "memory");
		else
			__asm__ volatile("sti; nop; cli" ::: "memory");
	}
	c->sched->idle_time += time_now() - c->sched->idle_since;
	c->sched->idle_since = 0;
	if (c->work & WORK_TIMER) {
		__atomic_and_fetch(&c->work, ~WORK_TIMER, __ATOMIC_RELAXED);
		timer_run();
	}
}

/* Nobody waits, nobody needs a slice to end: then no timer interrupts. */
static void arm_slice(struct sched_cpu *s, uint64_t now)
{
	if (!list_empty(&s->queue))
		timer_set(&s->slice, now + SLICE);
}

void sched_run(void)
{
	struct cpu *c = this_cpu();
	struct sched_cpu *s = c->sched;
	struct vcpu *prev = c->vcpu, *next;
	uint64_t now = time_now();

	spin_lock(&s->lock);
	if (!prev->is_idle)
		charge(s, prev, now);
	for (;;) {
		__atomic_and_fetch(&c->work, ~WORK_RESCHED, __ATOMIC_SEQ_CST);
		next = pick(s, prev);
		if (next)
			break;
		if (!prev->is_idle)
			vcpu_set_runstate(prev, stopped_state(prev), now);
		spin_unlock(&s->lock);
		idle(c, prev);
		prev = c->vcpu;
		spin_lock(&s->lock);
		now = time_now();
	}
	arm_slice(s, now);
	next->slice_start = now;
	if (prev != next && !prev->is_idle)
		vcpu_set_runstate(prev, stopped_state(prev), now);
	vcpu_set_runstate(next, RUNSTATE_running, now);
	spin_unlock(&s->lock);
	if (prev != next) {
		if (!prev->is_idle && unlikely(prev->runstate_guest))
			vcpu_publish_runstate(prev);
		WRITE_ONCE(next->running, true);
		switch_to(prev, next);
		WRITE_ONCE(prev->running, false);
		time_update_vcpu(next);
	}
	vcpu_periodic_start(next);
	if (unlikely(next->runstate_guest))
		vcpu_publish_runstate(next);
}
