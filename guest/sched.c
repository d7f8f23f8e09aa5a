/* SPDX-License-Identifier: MIT */
/*
 * The scheduler of one vcpu: a queue of the runnable, first in, first out; the running thread is
 * not on it. While somebody waits there, a tick comes every THREAD_SLICE; a thread that was
 * running at the last one already is preempted. Nobody waiting: no tick. Nothing runnable: the
 * thread that went to sleep last blocks in Xen, on its own stack.
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
 */
#include <cpuid.h>
#include <x86intrin.h>

#include "guest/clock.h"
#include "guest/hypercall.h"
#include "guest/init.h"
#include "guest/irq.h"
#include "guest/start.h"
#include "guest/thread.h"
#include "lib/string.h"

#define CPUID1_ECX_OSXSAVE (1u << 27)
#define FXSAVE_SIZE        512
#define XSAVE_HEADER_SIZE  64

struct cpu this_cpu;

_Static_assert(offsetof(struct cpu, idle) == 8, "CPU_IDLE in entry.S");
_Static_assert(offsetof(struct thread, sp) == 0, "thread_switch in entry.S");

/* With upcalls masked. */
static struct list run_queue = LIST_INIT(run_queue);

static void tick_fire(struct clock_timer *timer);
static struct clock_timer tick = { .link = LIST_INIT(tick.link), .fire = tick_fire };

void thread_switch(struct thread *from, struct thread *to);

static void tick_start(void)
{
	if (!tick.active)
		timer_start(&tick, clock_deadline(THREAD_SLICE));
}

/*
 * A thread that began since the last tick is fresh, and may go on to the next one: it gets one
 * slice at least and two at most, and switching costs no look at the clock.
 */
static void tick_fire(struct clock_timer *timer)
{
	if (list_empty(&run_queue))
		return;
	if (!this_cpu.fresh)
		this_cpu.need_resched = true;
	this_cpu.fresh = false;
	tick_start();
}

/* While idle no tick is needed: the run queue is looked at as soon as the upcall is over. */
void sched_add(struct thread *thread)
{
	thread->state = THREAD_READY;
	list_push_back(&run_queue, &thread->run_link);
	if (!this_cpu.idle)
		tick_start();
}

/*
 * SCHEDOP_block unmasks upcalls and sleeps in one step, so no event is lost between the look at
 * the run queue and the sleep. Not inlined: nothing may be alive in vector registers, see
 * upcall_entry.
 */
static NOINLINE void idle(void)
{
	this_cpu.idle = true;
	hypercall_sched_op(SCHEDOP_block, NULL);
	irq_mask();
	this_cpu.idle = false;
}

/* Upcalls run inside idle(), and put threads on the queue. */
static struct thread *next_thread(void)
{
	struct list *first;

	while (!(first = list_pop_front(&run_queue)))
		idle();
	return list_entry(first, struct thread, run_link);
}

/*
 * Run somebody else. The caller has put itself on the run queue, or is asleep, or dead; masked.
 * Returns when its turn comes, which may be at once.
 */
static void schedule(void)
{
	struct thread *prev = this_cpu.current, *next = next_thread();

	this_cpu.need_resched = false;
	if (!list_empty(&run_queue))
		tick_start();
	if (next == prev)
		return;
	this_cpu.current = next;
	this_cpu.fresh = true;
	/* Most images have no thread-local variables: then no hypercall. */
	if (next->tls != prev->tls)
		hypercall_set_segment_base(SEGBASE_FS, (unsigned long)next->tls);
	thread_switch(prev, next);
}

void sched_leave(void)
{
	schedule();
}

void sched_yield_cpu(void)
{
	if (list_empty(&run_queue))
		return;
	list_push_back(&run_queue, &this_cpu.current->run_link);
	schedule();
}

/* --- Preemption --------------------------------------------------------- */

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

__attribute__((target("xsave"))) void sched_preempt(void)
{
	char *area;

	if (list_empty(&run_queue)) {
		this_cpu.need_resched = false;
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
