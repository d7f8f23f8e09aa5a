/* SPDX-License-Identifier: MIT */
/*
 * Threads: their stacks, their beginning and end, sleeping and waking. A stack lies in address
 * space of its own above an unmapped page; at its top are struct thread and what libc keeps for a
 * thread. A thread that has ended stands on its stack until its vcpu has switched to another: then
 * the next thread that is created takes it over, or the next one that ends frees it.
 */
#include "guest/cpu.h"
#include "guest/irq.h"
#include "guest/panic.h"
#include "guest/start.h"
#include "guest/vmap.h"
#include "lib/string.h"

/*
 *	stack + stack_size	end of the mapping
 *				struct thread
 *				thread-local variables, if the image has any
 *				libc_thread_size bytes (struct _reent)
 *				the first frame, as thread_switch pops it
 *				...
 *	stack			lowest byte; the page below is never mapped
 */
#define MXCSR_DEFAULT 0x1f80UL
#define FPUCW_DEFAULT 0x037fUL
#define STACK_MIN     (8 * 1024UL)

extern char tls_start[], tls_data_end[], tls_end[];
extern char thread_begin[];

static SPINLOCK(dead_lock);
static struct list dead_threads = LIST_INIT(dead_threads); /* dead_lock */
static uint32_t next_id;				   /* atomic */

/* Weak: libc may not be linked. */
extern const size_t libc_thread_size WEAK;
void libc_thread_exit(struct thread *thread) WEAK;

/* --- Memory ------------------------------------------------------------- */

static void stack_free(struct thread *thread)
{
	void *stack = thread->stack;
	size_t pages = thread->stack_size / PAGE_SIZE;

	vmap_depopulate(stack, pages);
	vmap_release(stack, pages);
}

/* Free the stacks of the dead; but one of `size` bytes (0: none), which is returned. */
static void *reap(size_t size)
{
	void *kept = NULL;

	for (;;) {
		unsigned long flags = spin_lock_save(&dead_lock);
		struct list *node = list_pop_front(&dead_threads);
		struct thread *dead;

		spin_unlock_restore(&dead_lock, flags);
		if (!node)
			return kept;
		dead = list_entry(node, struct thread, run_link);
		if (!kept && dead->stack_size == size)
			kept = dead->stack;
		else
			stack_free(dead);
	}
}

void *stack_alloc(size_t size)
{
	void *stack = reap(size);

	if (stack)
		return stack;
	stack = vmap_reserve(size / PAGE_SIZE);
	if (stack && vmap_populate(stack, size / PAGE_SIZE)) {
		vmap_release(stack, size / PAGE_SIZE);
		return NULL;
	}
	return stack;
}

void thread_bury(struct thread *thread)
{
	spin_lock(&dead_lock);
	list_push_back(&dead_threads, &thread->run_link);
	spin_unlock(&dead_lock);
}

/* Space at the top of a stack that grows down. */
static void *carve(char **top, size_t size, size_t align)
{
	*top = (char *)ROUND_DOWN((uintptr_t)*top - size, align);
	return memset(*top, 0, size);
}

/*
 * Thread-local variables lie below the address that %fs:0 holds (the x86-64 psABI's variant II),
 * from the image's .tdata and .tbss.
 */
static void *tls_make(char **top)
{
	size_t size = ROUND_UP((size_t)(tls_end - tls_start), 64);
	void **tcb;

	if (&tls_end[0] == &tls_start[0])
		return NULL;
	tcb = carve(top, sizeof(void *), 64);
	carve(top, size, 64);
	memcpy((char *)tcb - size, tls_start, (size_t)(tls_data_end - tls_start));
	*tcb = tcb;
	return tcb;
}

static void stack_prepare(struct thread *thread, char *top)
{
	uint64_t *sp = (uint64_t *)ROUND_DOWN((uintptr_t)top, 16);
	unsigned int i;

	/* As thread_switch pops it; thread_begin wants the stack aligned. */
	*--sp = (uint64_t)thread_begin;
	for (i = 0; i < 6; i++)
		*--sp = 0;
	*--sp = FPUCW_DEFAULT << 32 | MXCSR_DEFAULT;
	thread->sp = (unsigned long)sp;
}

/* --- Beginning and end -------------------------------------------------- */

static void timeout_fire(struct clock_timer *timer)
{
	struct thread *thread = timer->arg;

	thread->timed_out = true;
	thread_wake(thread);
}

void thread_init(struct thread *thread, const char *name)
{
	strlcpy(thread->name, name, sizeof(thread->name));
	list_init(&thread->run_link);
	timer_init(&thread->timeout, timeout_fire, thread);
	thread->id = __atomic_fetch_add(&next_id, 1, __ATOMIC_RELAXED);
	thread->affinity = VCPU_ANY;
}

struct thread *thread_prepare(const char *name, void (*entry)(void *arg), void *arg, size_t size)
{
	struct thread *thread;
	char *stack, *top;

	size = ROUND_UP(MAX(size ? size : THREAD_STACK_DEFAULT, STACK_MIN), PAGE_SIZE);
	stack = stack_alloc(size);
	if (!stack)
		return NULL;
	top = stack + size;
	thread = carve(&top, sizeof(*thread), 64);
	thread->tls = tls_make(&top);
	if (&libc_thread_size)
		thread->libc_space = carve(&top, libc_thread_size, 16);
	thread->stack = stack;
	thread->stack_size = size;
	thread->entry = entry;
	thread->arg = arg;
	stack_prepare(thread, top);

	thread_init(thread, name);
	return thread;
}

void thread_start(struct thread *thread)
{
	unsigned long flags = irq_save();

	thread->cpu = cpu_self();
	spin_lock(&thread->cpu->lock);
	sched_place(thread->cpu, thread);
	irq_restore(flags);
}

struct thread *thread_create_on(vcpu_mask_t allowed, const char *name, void (*entry)(void *arg),
				void *arg, size_t size)
{
	struct thread *thread = thread_prepare(name, entry, arg, size);

	if (thread) {
		thread->affinity = allowed;
		thread_start(thread);
	}
	return thread;
}

struct thread *thread_create(const char *name, void (*entry)(void *arg), void *arg, size_t size)
{
	return thread_create_on(VCPU_ANY, name, entry, arg, size);
}

/* Reached by the first switch to a thread, from thread_begin: upcalls are still masked. */
void thread_main(void)
{
	struct thread *self = thread_current();

	sched_tail();
	irq_unmask();
	self->entry(self->arg);
	thread_exit();
}

void thread_exit(void)
{
	struct thread *self = thread_current();

	if (libc_thread_exit)
		libc_thread_exit(self);
	reap(0);
	irq_mask();
	spin_lock(&self->cpu->lock);
	self->state = THREAD_DEAD;
	sched_leave();
	panic("a dead thread runs");
}

/* Nobody is told of a thread on its queue; a running one is asked to leave, the caller does. */
void thread_set_affinity(struct thread *thread, vcpu_mask_t allowed)
{
	unsigned long flags = irq_save();
	struct cpu *cpu = sched_lock(thread);

	WRITE_ONCE(thread->affinity, allowed);
	if (thread->state == THREAD_READY && list_linked(&thread->run_link)) {
		sched_unqueue(cpu, thread);
		sched_place(cpu, thread);
	} else {
		spin_unlock(&cpu->lock);
		if (thread == thread_current()) {
			cpu->need_resched = true;
			sched_yield_cpu();
		} else if (cpu->current == thread) {
			sched_poke(cpu);
		}
	}
	irq_restore(flags);
}

bool thread_runs(const struct thread *thread)
{
	struct cpu *cpu;
	unsigned int n;

	for_each_cpu(cpu, n)
		if (READ_ONCE(cpu->current) == thread)
			return true;
	return false;
}

bool thread_waits(void)
{
	return READ_ONCE(cpu_self()->ready_count);
}

/* --- Sleeping and waking ------------------------------------------------ */

/*
 * The state is set and the look at wake_pending taken in one step, so a wake-up comes before both,
 * and is seen, or after both, and finds a thread that sleeps. One that comes after the first, while
 * this thread is ready but does not run yet, may be for the next sleep: it ends that one at once.
 */
bool thread_sleep_until(ns_t deadline)
{
	struct thread *self = thread_current();
	bool late = false;

	ASSERT(!irq_masked());
	if (deadline != NS_FOREVER && clock_ns() >= deadline)
		return true;
	irq_mask();
	spin_lock(&self->cpu->lock);
	if (self->wake_pending) {
		self->wake_pending = false;
		spin_unlock(&self->cpu->lock);
	} else {
		self->state = THREAD_SLEEPING;
		self->timed_out = false;
		if (deadline != NS_FOREVER)
			timer_start(&self->timeout, deadline);
		sched_leave();
		if (deadline != NS_FOREVER)
			timer_stop(&self->timeout);
		late = self->timed_out;
	}
	irq_unmask();
	return late;
}

void thread_wake(struct thread *thread)
{
	unsigned long flags = irq_save();
	struct cpu *cpu = sched_lock(thread);

	if (thread->state == THREAD_SLEEPING) {
		sched_place(cpu, thread);
	} else {
		thread->wake_pending = true;
		spin_unlock(&cpu->lock);
	}
	irq_restore(flags);
}

void thread_sleep(ns_t ns)
{
	ns_t deadline = clock_deadline(ns);

	while (!thread_sleep_until(deadline))
		;
}

void thread_yield(void)
{
	unsigned long flags = irq_save();

	sched_yield_cpu();
	irq_restore(flags);
}
