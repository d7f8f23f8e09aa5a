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
 *
 * Several processors. A vcpu belongs to one, v->cpu, whose lock guards its state; that changes only
 * under the lock of the old one, while the vcpu neither waits nor runs. One that wakes goes where
 * it was if that is idle, else to any idle processor that its affinity allows, else where it was.
 * An idle processor looks once into the queues of the others after it said that it is idle; who
 * leaves somebody waiting in his queue tells an idle one to look again.
 */
#include "sched.h"
#include "block.h"
#include "console.h"
#include "domain.h"
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

static uint64_t idle_cpus; /* atomic; bit i: processor i has nobody, and looks before it halts */

/* Where none of the processors that an affinity names is there, it allows all. */
static uint64_t allowed(const struct vcpu *v)
{
	uint64_t all = nr_cpus < 64 ? BIT(nr_cpus) - 1 : ~0UL, mask = READ_ONCE(v->affinity) & all;

	return mask ? mask : all;
}

static bool may_run(const struct vcpu *v, const struct cpu *c)
{
	return likely(nr_cpus == 1) || allowed(v) >> c->id & 1;
}

static struct sched_cpu *lock_of(struct vcpu *v)
{
	struct cpu *c;

	for (;;) {
		c = READ_ONCE(v->cpu);
		spin_lock(&c->sched->lock);
		if (likely(c == READ_ONCE(v->cpu)))
			return c->sched;
		spin_unlock(&c->sched->lock);
	}
}

void sched_init_cpu(struct cpu *c)
{
	c->sched = heap_alloc(sizeof(*c->sched));
	BUG_ON(!c->sched);
	list_init(&c->sched->queue);
	timer_setup(&c->sched->slice, slice_end, c);
}

int sched_add_vcpu(struct vcpu *v)
{
	unsigned i, least = 0, load[MAX_CPUS] = { 0 };
	struct domain *d;
	uint32_t n;

	/* To begin with: the processor with the fewest vcpus. */
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
	struct sched_cpu *s = lock_of(v);

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

/* Who takes the bit of an idle processor gives it something to do; others look for another. */
static bool idle_take(unsigned cpu)
{
	return __atomic_fetch_and(&idle_cpus, ~BIT(cpu), __ATOMIC_SEQ_CST) >> cpu & 1;
}

static struct cpu *choose(const struct vcpu *v)
{
	uint64_t may = allowed(v), idle = READ_ONCE(idle_cpus) & may;

	if (idle >> v->cpu->id & 1)
		return v->cpu;
	for (; idle; idle &= idle - 1)
		if (idle_take(bits_lowest(idle)))
			return cpus[bits_lowest(idle)];
	return may >> v->cpu->id & 1 ? v->cpu : cpus[bits_lowest(may)];
}

/*
 * v, which neither waits nor runs, goes to the processor where it shall wait; its lock is held
 * before and after, but not between: then somebody else may have woken v, and NULL is the answer,
 * without a lock.
 */
static struct sched_cpu *place(struct vcpu *v, struct sched_cpu *s)
{
	struct cpu *c = choose(v);

	if (c == v->cpu)
		return s;
	v->vruntime += READ_ONCE(c->sched->least) - s->least;
	WRITE_ONCE(v->cpu, c);
	spin_unlock(&s->lock);
	s = lock_of(v);
	if (!v->queued && !v->running && vcpu_runnable(v))
		return s;
	spin_unlock(&s->lock);
	return NULL;
}

/* Tells an idle processor, if there is one, that somebody waits. */
static void call_idle(void)
{
	uint64_t idle = READ_ONCE(idle_cpus);

	if (!idle || !idle_take(bits_lowest(idle)))
		return;
	cpu_work(cpus[bits_lowest(idle)], WORK_RESCHED);
	cpu_kick(cpus[bits_lowest(idle)]);
}

/* v's processor is c, locked. True: c shall look at its queue at once. */
static bool enqueue(struct cpu *c, struct vcpu *v)
{
	struct sched_cpu *s = c->sched;
	struct vcpu *running = READ_ONCE(c->vcpu);
	uint64_t now = time_now();

	vcpu_set_runstate(v, RUNSTATE_runnable, now);
	if (v->vruntime + SLICE < s->least)
		v->vruntime = s->least - SLICE;
	queue_insert(s, v);
	if (running->is_idle || !vcpu_runnable(running) ||
	    v->vruntime + PREEMPT < running->vruntime + (now - running->slice_start))
		return true;
	if (s->slice.deadline)
		return false;
	if (c != this_cpu())
		return true; /* its timers are its own: it begins the slice itself */
	timer_set(&s->slice, now + SLICE);
	return false;
}

/*
 * Three cases: it waits already; it still has its processor (blocked a moment ago, or idling
 * there), which then looks again; or it joins the queue. One that slept long starts a slice behind
 * the clock, not further.
 */
void sched_wake(struct vcpu *v)
{
	struct sched_cpu *s = lock_of(v);
	struct cpu *c = v->cpu;
	bool look = false;

	if (v->queued || !vcpu_runnable(v))
		goto out;
	if (v->running) {
		/* Blocked but not yet off the processor, or idling on it. */
		look = true;
		goto out;
	}
	if (unlikely(nr_cpus > 1)) {
		s = place(v, s);
		if (!s)
			return;
		c = v->cpu;
	}
	look = enqueue(c, v);
out:
	if (look)
		cpu_work(c, WORK_RESCHED);
	spin_unlock(&s->lock);
	if (look) {
		cpu_kick(c);
	} else if (unlikely(nr_cpus > 1)) {
		mb(); /* in the queue before the mask is read: idle() does it the other way round */
		call_idle();
	}
}

void sched_sleep(struct vcpu *v)
{
	struct sched_cpu *s = lock_of(v);
	struct cpu *c = v->cpu;
	bool look = false;

	if (!vcpu_runnable(v)) {
		if (v->queued) {
			queue_remove(v);
			vcpu_set_runstate(v, RUNSTATE_offline, time_now());
		}
		look = v->running;
	}
	if (look)
		cpu_work(c, WORK_RESCHED);
	spin_unlock(&s->lock);
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

/* A new affinity: off a processor that it does not allow. */
void sched_set_affinity(struct vcpu *v, uint64_t mask)
{
	struct sched_cpu *s = lock_of(v);
	struct cpu *c = v->cpu;
	bool moves, runs = v->running;

	WRITE_ONCE(v->affinity, mask);
	moves = !may_run(v, c);
	if (moves && v->queued && !runs)
		queue_remove(v);
	else if (moves && runs)
		cpu_work(c, WORK_RESCHED);
	spin_unlock(&s->lock);
	if (moves && runs)
		cpu_kick(c);
	else if (moves)
		sched_wake(v);
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
	struct vcpu *v = c->vcpu;

	if (list_empty(&s->queue))
		return;
	spin_lock(&s->lock);
	charge(s, v, time_now());
	if (!list_empty(&s->queue))
		v->vruntime =
			MAX(v->vruntime, list_last(&s->queue, struct vcpu, queue)->vruntime + 1);
	spin_unlock(&s->lock);
	cpu_work(c, WORK_RESCHED);
}

/*
 * Who goes next on this processor, out of the queue; NULL: nobody. `prev` goes into it if it can
 * run on.
 */
static struct vcpu *pick(struct cpu *c, struct vcpu *prev)
{
	struct sched_cpu *s = c->sched;
	struct vcpu *first = NULL;
	bool runnable = !prev->is_idle && vcpu_runnable(prev) && may_run(prev, c);

	if (!list_empty(&s->queue))
		first = list_first(&s->queue, struct vcpu, queue);
	if (runnable && (!first || prev->vruntime <= first->vruntime))
		return prev;
	if (first) {
		queue_remove(first);
		WRITE_ONCE(first->running, true); /* before the lock goes: nobody queues it again */
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

/*
 * Its state is stored: another processor may have it. Who woke it while it was on its way has left
 * that to us.
 */
static void left(struct cpu *c, struct vcpu *v)
{
	bool again;

	if (likely(nr_cpus == 1)) {
		WRITE_ONCE(v->running, false);
		return;
	}
	spin_lock(&c->sched->lock);
	__atomic_store_n(&v->running, false, __ATOMIC_RELEASE);
	if (v->queued && !may_run(v, c))
		queue_remove(v);
	again = !v->is_idle && !v->queued && vcpu_runnable(v);
	spin_unlock(&c->sched->lock);
	if (again)
		sched_wake(v);
	else if (v->queued)
		call_idle();
}

/* Somebody who waits for another processor and may run on c; not one who is just leaving his. */
static struct vcpu *find_waiting(struct sched_cpu *s, const struct cpu *c)
{
	struct list *at;
	struct vcpu *v;

	for (at = s->queue.next; at != &s->queue; at = at->next) {
		v = list_entry(at, struct vcpu, queue);
		if (!v->running && may_run(v, c))
			return v;
	}
	return NULL;
}

/*
 * c is idle and has said so: takes one who waits elsewhere. A queue that is seen empty and fills
 * afterwards is filled by somebody who sees that we are idle.
 */
static void pull(struct cpu *c)
{
	struct sched_cpu *s;
	struct vcpu *v;
	unsigned i;

	for (i = 1; i < nr_cpus; i++) {
		s = cpus[(c->id + i) % nr_cpus]->sched;
		if (list_empty(&s->queue))
			continue;
		spin_lock(&s->lock);
		v = find_waiting(s, c);
		if (v) {
			queue_remove(v);
			v->vruntime += c->sched->least - s->least;
			WRITE_ONCE(v->cpu, c);
		}
		spin_unlock(&s->lock);
		if (v) {
			sched_wake(v);
			return;
		}
	}
}

/* Nobody can run. Halts until there is work; timers are served here, all else on the way out. */
static void idle(struct cpu *c, struct vcpu *prev)
{
	/* Not merely waiting: others want it off the processor, or it may not stay. */
	if (!prev->is_idle && (prev->pause_count || prev->domain->pause_count || prev->down ||
			       !may_run(prev, c))) {
		WRITE_ONCE(c->idle->running, true);
		switch_to(prev, c->idle);
		left(c, prev);
	}
	if (unlikely(nr_cpus > 1)) {
		__atomic_or_fetch(&idle_cpus, BIT(c->id), __ATOMIC_SEQ_CST);
		pull(c);
	}
	c->sched->idle_since = time_now();
	while (!(READ_ONCE(c->work) & (WORK_RESCHED | WORK_TIMER | WORK_QUIET))) {
		if (!block_scrub_one())
			__asm__ volatile("sti; hlt; cli" ::: "memory");
		else
			__asm__ volatile("sti; nop; cli" ::: "memory");
	}
	c->sched->idle_time += time_now() - c->sched->idle_since;
	c->sched->idle_since = 0;
	if (unlikely(nr_cpus > 1))
		(void)idle_take(c->id);
	if (unlikely(c->work & WORK_QUIET))
		quiet_pass(c);
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
		next = pick(c, prev);
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
