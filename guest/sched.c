/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: every vcpu has a queue of runnable threads, first in, first out; the running
 * thread is not on it. While somebody waits there, a tick comes every THREAD_SLICE; a thread that
 * was running at the last one already is preempted. Nobody waiting: no tick. Nothing runnable: the
 * vcpu's idle thread looks for a thread that waits elsewhere, and else blocks in Xen.
 *
 * A thread that wakes goes onto the queue of the vcpu that wakes it. Another one, even idle, would
 * have to be called, which costs both more than most threads do before they sleep again, and the
 * two would then wait for each other's locks. Who still waits after SHARE_AFTER has another one
 * called, and where one and the same thread ran all that time, so has who comes next (share).
 *
 * A thread gives the processor away in one of two places, and both look the same from outside, a
 * call of schedule() with upcalls masked that returns when the thread's turn comes again:
 *
 *	- it sleeps, yields or ends: a function call, so the compiler has nothing in registers
 *	  that a call may change, and thread_switch saves the others;
 *	- it is preempted: upcall_entry has put integer and vector registers on its stack, and
 *	  sched_preempt adds the rest of the processor's extended state (x87, upper halves of AVX).
 *
 * So a thread that was preempted may be followed by one that went to sleep by itself, and the
 * other way round: each finds on its own stack what it left there. Upcalls stay masked
 * throughout, and are unmasked by whoever masked them: irq_restore in the one case, the end of
 * upcall_entry in the other, thread_main for a thread that begins.
 *
 * A vcpu's lock is held from before a thread is put to sleep, or on a queue, until its stack is no
 * longer in use: whoever switches takes it, whoever is switched to releases it, in sched_tail. So
 * whoever wakes or steals a thread, and needs that lock for it, finds it saved and whole.
 *
 * No runnable thread is forgotten while a vcpu idles. A vcpu that becomes idle first says so in
 * idle_vcpus, then looks at all queues; who puts a thread on the queue of a vcpu that is not idle
 * looks at idle_vcpus again afterwards. So one of the two sees the other: the thread is stolen, or
 * shared.
 */
#include <cpuid.h>
#include <x86intrin.h>

#include "guest/cpu.h"
#include "guest/hypercall.h"
#include "guest/init.h"
#include "guest/irq.h"
#include "lib/bitops.h"
#include "lib/string.h"

_Static_assert(offsetof(struct cpu, info.evtchn_upcall_pending) == CPU_UPCALL_PENDING, "");
_Static_assert(offsetof(struct cpu, info.evtchn_upcall_mask) == CPU_UPCALL_MASK, "");
_Static_assert(offsetof(struct cpu, self) == CPU_SELF, "");
_Static_assert(offsetof(struct cpu, current) == CPU_CURRENT, "");
_Static_assert(offsetof(struct cpu, id) == CPU_ID, "");
_Static_assert(offsetof(struct cpu, idle) == CPU_IDLE, "");
_Static_assert(offsetof(struct thread, sp) == 0, "thread_switch in entry.S");

#define SHARE_AFTER (1 * NS_PER_MS)

/* The vcpus that have nothing to do. Atomic; whoever gives one a thread takes it out. */
static vcpu_mask_t idle_vcpus;

void thread_switch(struct thread *from, struct thread *to);

static bool is_idle(const struct cpu *cpu)
{
	return cpu->current == &cpu->idle_thread;
}

/* --- The tick ----------------------------------------------------------- */

/* On its own vcpu. While it is idle no tick is needed: it looks at the queue itself. */
static void tick_start(struct cpu *cpu)
{
	if (!cpu->tick.active && !is_idle(cpu))
		timer_start(&cpu->tick, clock_deadline(THREAD_SLICE));
}

/*
 * A thread that began since the last tick is fresh, and may go on to the next one: it gets one
 * slice at least and two at most, and switching costs no look at the clock.
 */
static void tick_fire(struct clock_timer *timer)
{
	struct cpu *cpu = timer->arg;

	if (!READ_ONCE(cpu->ready_count))
		return;
	if (!(cpu->run & RUN_FRESH))
		cpu->need_resched = true;
	cpu->run &= ~RUN_FRESH;
	tick_start(cpu);
}

/* --- Where a thread runs ------------------------------------------------ */

/* A thread all of whose vcpus are down runs anywhere. */
static vcpu_mask_t allowed_vcpus(const struct thread *thread)
{
	vcpu_mask_t up = vcpus_up(), allowed = READ_ONCE(thread->affinity) & up;

	return allowed ? allowed : up;
}

static bool may_run(const struct thread *thread, const struct cpu *cpu)
{
	return allowed_vcpus(thread) & VCPU_ONLY(cpu->id);
}

/* Takes a vcpu out of the idle ones: false if somebody else was faster. */
static bool claim(unsigned int vcpu)
{
	vcpu_mask_t old =
		__atomic_fetch_and(&idle_vcpus, ~VCPU_ONLY(vcpu), __ATOMIC_SEQ_CST);

	return old & VCPU_ONLY(vcpu);
}

/*
 * This vcpu. For a thread that may not run on it an idle one, the one whose caches know it before
 * others; then the queue where it was.
 */
static struct cpu *choose(vcpu_mask_t allowed, struct cpu *last)
{
	vcpu_mask_t here = VCPU_ONLY(this_vcpu()), was = VCPU_ONLY(last->id), idle;

	if (allowed & here) {
		if (READ_ONCE(idle_vcpus) & here)
			claim(this_vcpu());
		return cpu_self();
	}
	while ((idle = READ_ONCE(idle_vcpus) & allowed)) {
		unsigned int vcpu = idle & was ? last->id : bits_lowest(idle);

		if (claim(vcpu))
			return cpus[vcpu];
	}
	return allowed & was ? last : cpus[bits_lowest(allowed)];
}

/* An idle vcpu shall look at the queues. */
static void wake_idle(vcpu_mask_t allowed)
{
	vcpu_mask_t idle = READ_ONCE(idle_vcpus) & allowed;

	if (idle && claim(bits_lowest(idle)))
		sched_poke(cpus[bits_lowest(idle)]);
}

/* For the last one on the queue, which is first in, first out. */
static void share_start(struct cpu *cpu)
{
	cpu->share_taken = READ_ONCE(cpu->taken) + READ_ONCE(cpu->ready_count);
	cpu->run |= RUN_WATCHED;
	timer_start(&cpu->share, clock_deadline(SHARE_AFTER));
}

/* Somebody waits on the queue of a busy vcpu, while others idle. */
static void share(struct cpu *cpu, vcpu_mask_t idle)
{
	if (cpu != cpu_self() || cpu->run & RUN_LONG)
		wake_idle(idle);
	else if (!cpu->share.active)
		share_start(cpu);
}

static void share_fire(struct clock_timer *timer)
{
	struct cpu *cpu = timer->arg;

	if (!READ_ONCE(cpu->ready_count) || is_idle(cpu))
		return;
	if (cpu->run & RUN_WATCHED)
		cpu->run |= RUN_LONG;
	if ((int)(READ_ONCE(cpu->taken) - cpu->share_taken) < 0)
		wake_idle(VCPU_ANY);
	if (READ_ONCE(idle_vcpus))
		share_start(cpu);
}

/* cpu->lock held. */
static void push(struct cpu *cpu, struct thread *thread)
{
	list_push_back(&cpu->ready, &thread->run_link);
	WRITE_ONCE(cpu->ready_count, cpu->ready_count + 1);
}

void sched_unqueue(struct cpu *cpu, struct thread *thread)
{
	list_remove(&thread->run_link);
	WRITE_ONCE(cpu->ready_count, cpu->ready_count - 1);
	cpu->taken++;
}

/*
 * Between the two locks the thread is ready and on no queue: nobody else touches it. Another vcpu
 * is told of the first thread on its queue only: for that it wakes up, or starts its tick.
 */
void sched_place(struct cpu *from, struct thread *thread)
{
	vcpu_mask_t allowed = allowed_vcpus(thread), idle;
	struct cpu *to = choose(allowed, from);
	bool poke;

	thread->state = THREAD_READY;
	if (to != from) {
		WRITE_ONCE(thread->cpu, to);
		spin_unlock(&from->lock);
		spin_lock(&to->lock);
	}
	push(to, thread);
	poke = to->ready_count == 1;
	spin_unlock(&to->lock);
	if (to == cpu_self())
		tick_start(to);
	else if (poke)
		sched_poke(to);
	idle = READ_ONCE(idle_vcpus) & allowed;
	if (unlikely(idle) && !is_idle(to))
		share(to, idle);
}

struct cpu *sched_lock(struct thread *thread)
{
	for (;;) {
		struct cpu *cpu = READ_ONCE(thread->cpu);

		spin_lock(&cpu->lock);
		if (likely(cpu == thread->cpu))
			return cpu;
		spin_unlock(&cpu->lock);
	}
}

void sched_poke(struct cpu *cpu)
{
	evtchn_notify(cpu->call_port);
}

void sched_called(evtchn_port_t port, void *arg)
{
	struct cpu *cpu = arg;

	if (READ_ONCE(cpu->ready_count))
		tick_start(cpu);
	if (READ_ONCE(cpu->stopping) || !may_run(cpu->current, cpu))
		cpu->need_resched = true;
}

/* --- Switching ---------------------------------------------------------- */

struct thread *sched_pull(struct cpu *cpu)
{
	struct thread *first;

	if (list_empty(&cpu->ready))
		return NULL;
	first = list_first(&cpu->ready, struct thread, run_link);
	sched_unqueue(cpu, first);
	return first;
}

/*
 * Run somebody else. The caller, masked and with the lock, has put itself on the queue, or is
 * asleep, or dead. Returns when its turn comes, which may be at once, without the lock.
 */
static void schedule(struct cpu *cpu)
{
	struct thread *prev = cpu->current, *next = cpu->stopping ? NULL : sched_pull(cpu);

	if (!next)
		next = &cpu->idle_thread;
	/* One that came while its own vcpus were down leaves with the next upcall. */
	cpu->need_resched = !may_run(next, cpu);
	if (next == prev) {
		spin_unlock(&cpu->lock);
		return;
	}
	cpu->prev = prev;
	cpu->current = next;
	cpu->run = RUN_FRESH;
	if (cpu->ready_count || unlikely(cpu->need_resched))
		tick_start(cpu);
	/* Most images have no thread-local variables: then no hypercall. */
	if (next->tls && next->tls != cpu->tls) {
		hypercall_set_segment_base(SEGBASE_FS, (unsigned long)next->tls);
		cpu->tls = next->tls;
	}
	thread_switch(prev, next);
	sched_tail();
}

void sched_tail(void)
{
	struct cpu *cpu = cpu_self();
	struct thread *prev = cpu->prev;

	if (prev->state == THREAD_DEAD) {
		spin_unlock(&cpu->lock);
		thread_bury(prev);
	} else if (cpu->prev_moves) {
		cpu->prev_moves = false;
		sched_place(cpu, prev);
	} else {
		spin_unlock(&cpu->lock);
	}
}

void sched_leave(void)
{
	schedule(cpu_self());
}

/* Who may not stay is placed elsewhere when its stack is free. */
void sched_yield_cpu(void)
{
	struct cpu *cpu = cpu_self();
	struct thread *self = cpu->current;

	if (!READ_ONCE(cpu->ready_count) && !cpu->need_resched)
		return;
	spin_lock(&cpu->lock);
	if (may_run(self, cpu))
		push(cpu, self);
	else
		cpu->prev_moves = true;
	schedule(cpu);
}

/* --- Idling ------------------------------------------------------------- */

/* The first thread of another queue that may run here comes onto ours. */
static bool steal_from(struct cpu *victim, struct cpu *cpu)
{
	struct thread *thread;
	bool found = false;

	spin_lock(&victim->lock);
	list_for_each(thread, &victim->ready, run_link) {
		found = may_run(thread, cpu);
		if (found)
			break;
	}
	if (found) {
		sched_unqueue(victim, thread);
		WRITE_ONCE(thread->cpu, cpu);
	}
	spin_unlock(&victim->lock);
	if (!found)
		return false;
	spin_lock(&cpu->lock);
	push(cpu, thread);
	spin_unlock(&cpu->lock);
	return true;
}

static bool steal(struct cpu *cpu)
{
	unsigned int count = vcpu_count(), n;

	for (n = 1; n < count; n++) {
		struct cpu *victim = cpus[(cpu->id + n) % count];

		if (READ_ONCE(victim->ready_count) && steal_from(victim, cpu))
			return true;
	}
	return false;
}

/*
 * SCHEDOP_block unmasks upcalls and sleeps in one step, so no event is lost between the look at
 * the queues and the sleep. Not inlined: nothing may be alive in vector registers, see
 * upcall_entry.
 */
static NOINLINE void block(struct cpu *cpu)
{
	cpu->idle = true;
	hypercall_sched_op(SCHEDOP_block, NULL);
	irq_mask();
	cpu->idle = false;
}

void sched_idle(void)
{
	struct cpu *cpu = cpu_self();

	for (;;) {
		if (unlikely(READ_ONCE(cpu->stopping))) {
			vcpu_rest(cpu);
			continue;
		}
		__atomic_fetch_or(&idle_vcpus, VCPU_ONLY(cpu->id), __ATOMIC_SEQ_CST);
		if (!READ_ONCE(cpu->ready_count) && !steal(cpu))
			block(cpu);
		if (!READ_ONCE(cpu->ready_count))
			continue;
		claim(cpu->id);
		spin_lock(&cpu->lock);
		schedule(cpu);
	}
}

void sched_init_cpu(struct cpu *cpu, void *idle_stack, size_t size)
{
	struct thread *idle = &cpu->idle_thread;

	list_init(&cpu->ready);
	timer_init(&cpu->tick, tick_fire, cpu);
	timer_init(&cpu->share, share_fire, cpu);
	thread_init(idle, "idle");
	idle->stack = idle_stack;
	idle->stack_size = size;
	idle->cpu = cpu;
	idle->affinity = VCPU_ONLY(cpu->id);
	cpu->current = idle;
}

/* --- Preemption --------------------------------------------------------- */

#define CPUID1_ECX_OSXSAVE (1u << 27)
#define FXSAVE_SIZE        512
#define XSAVE_HEADER_SIZE  64

/* Bytes that the processor's extended state takes; FXSAVE_SIZE where it has no XSAVE. */
static size_t state_size = FXSAVE_SIZE;
static bool has_xsave;

/* What CPUID itself says, since that is what a program goes by when it chooses to use AVX. */
static int sched_probe_state(void)
{
	unsigned int a, b, c, d;

	__cpuid(1, a, b, c, d);
	if (c & CPUID1_ECX_OSXSAVE) {
		__cpuid_count(0xd, 0, a, b, c, d);
		has_xsave = true;
		state_size = b;
	}
	return 0;
}
INITCALL(early, sched_probe_state);

static bool may_go_on(struct cpu *cpu)
{
	return !READ_ONCE(cpu->ready_count) && !READ_ONCE(cpu->stopping) &&
	       may_run(cpu->current, cpu);
}

__attribute__((target("xsave"))) void sched_preempt(void)
{
	struct cpu *cpu = cpu_self();
	char *area;

	if (may_go_on(cpu)) {
		cpu->need_resched = false;
		return;
	}
	area = __builtin_alloca_with_align(state_size, 64 * 8);
	if (has_xsave) {
		/* XRSTOR refuses rubbish in the header's reserved bytes. */
		memset(area + FXSAVE_SIZE, 0, XSAVE_HEADER_SIZE);
		_xsave64(area, ~0ULL);
		sched_yield_cpu();
		_xrstor64(area, ~0ULL);
	} else {
		__builtin_ia32_fxsave64(area);
		sched_yield_cpu();
		__builtin_ia32_fxrstor64(area);
	}
}
