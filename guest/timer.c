/* SPDX-License-Identifier: MIT */
/*
 * Timers: each vcpu has a list in the order of deadlines, and Xen's one-shot timer of that vcpu set
 * to the first. It is set anew only when a deadline comes before what is set; when the first timer
 * is stopped it fires in vain. A timer is started on the list of the vcpu that starts it, and stays
 * that vcpu's until it is started elsewhere.
 */
#include "guest/cpu.h"
#include "guest/hypercall.h"
#include "guest/irq.h"
#include "guest/panic.h"
#include "guest/start.h"

/* The calling vcpu's; locked. After it Xen's timer fires at `deadline` or before. */
static void program(struct cpu *cpu, ns_t deadline)
{
	long err;

	if (deadline >= cpu->programmed)
		return;
	cpu->programmed = deadline;
	/* A deadline that has passed fires at once. */
	err = hypercall_set_timer_op(clock_to_system(deadline));
	ASSERT(!err);
}

void timer_init(struct clock_timer *timer, void (*fire)(struct clock_timer *), void *arg)
{
	list_init(&timer->link);
	timer->active = false;
	timer->vcpu = 0;
	timer->fire = fire;
	timer->arg = arg;
}

/* Lock the list that a timer belongs to. */
static struct cpu *lock_list(struct clock_timer *timer)
{
	for (;;) {
		unsigned int vcpu = READ_ONCE(timer->vcpu);

		spin_lock(&cpus[vcpu]->timer_lock);
		if (likely(timer->vcpu == vcpu))
			return cpus[vcpu];
		spin_unlock(&cpus[vcpu]->timer_lock);
	}
}

static void insert(struct cpu *cpu, struct clock_timer *timer, ns_t deadline)
{
	struct clock_timer *at;

	timer->deadline = deadline;
	timer->active = true;
	/* Most deadlines are later than those before them: look from the end. */
	for (at = list_last(&cpu->timers, struct clock_timer, link); &at->link != &cpu->timers;
	     at = list_last(&at->link, struct clock_timer, link))
		if (at->deadline <= deadline)
			break;
	list_push_front(&at->link, &timer->link);
	program(cpu, deadline);
}

/*
 * From another vcpu's list it goes in two steps. Who starts or stops it between them is as if
 * he had come before.
 */
void timer_start(struct clock_timer *timer, ns_t deadline)
{
	unsigned long flags = irq_save();
	struct cpu *here = cpu_self(), *cpu = lock_list(timer);

	list_remove(&timer->link);
	if (cpu != here) {
		timer->active = false;
		WRITE_ONCE(timer->vcpu, here->id);
		spin_unlock(&cpu->timer_lock);
		cpu = lock_list(timer);
	}
	if (likely(cpu == here)) {
		list_remove(&timer->link);
		insert(here, timer, deadline);
	}
	spin_unlock(&cpu->timer_lock);
	irq_restore(flags);
}

/* Takes it off its list; what is left to do is to wait for a `fire` that has begun elsewhere. */
static struct cpu *stop(struct clock_timer *timer, bool *active)
{
	struct cpu *cpu = lock_list(timer);
	bool firing = READ_ONCE(cpu->firing) == timer;

	*active |= timer->active;
	timer->active = false;
	list_remove(&timer->link);
	spin_unlock(&cpu->timer_lock);
	return firing && cpu != cpu_self() ? cpu : NULL;
}

/* Once more after a wait: `fire` may have started its timer again. */
bool timer_stop(struct clock_timer *timer)
{
	unsigned long flags = irq_save();
	bool active = false;
	struct cpu *busy;

	while (unlikely((busy = stop(timer, &active))))
		while (READ_ONCE(busy->firing) == timer)
			cpu_relax();
	irq_restore(flags);
	return active;
}

/* A callback may start any timer, also one that is due at once: it is fired in the same round. */
static void timers_run(evtchn_port_t port, void *arg)
{
	struct cpu *cpu = arg;
	ns_t now = clock_ns();

	spin_lock(&cpu->timer_lock);
	cpu->programmed = NS_FOREVER;
	while (!list_empty(&cpu->timers)) {
		struct clock_timer *timer = list_first(&cpu->timers, struct clock_timer, link);

		if (timer->deadline > now) {
			program(cpu, timer->deadline);
			break;
		}
		timer->active = false;
		list_remove(&timer->link);
		WRITE_ONCE(cpu->firing, timer);
		spin_unlock(&cpu->timer_lock);
		timer->fire(timer);
		spin_lock(&cpu->timer_lock);
		WRITE_ONCE(cpu->firing, NULL);
	}
	spin_unlock(&cpu->timer_lock);
}

/* Its tick and its share are the scheduler's of that vcpu, which starts them anew. */
void timers_take(struct cpu *from)
{
	unsigned long flags = irq_save();
	struct cpu *here = cpu_self();

	spin_lock(&from->timer_lock);
	spin_lock(&here->timer_lock);
	while (!list_empty(&from->timers)) {
		struct clock_timer *timer = list_first(&from->timers, struct clock_timer, link);

		list_remove(&timer->link);
		timer->active = false;
		if (timer == &from->tick || timer == &from->share)
			continue;
		WRITE_ONCE(timer->vcpu, here->id);
		insert(here, timer, timer->deadline);
	}
	spin_unlock(&here->timer_lock);
	spin_unlock(&from->timer_lock);
	irq_restore(flags);
}

void timers_resume(struct cpu *cpu)
{
	spin_lock(&cpu->timer_lock);
	cpu->programmed = NS_FOREVER;
	if (!list_empty(&cpu->timers))
		program(cpu, list_first(&cpu->timers, struct clock_timer, link)->deadline);
	spin_unlock(&cpu->timer_lock);
}

void timers_init_cpu(struct cpu *cpu)
{
	list_init(&cpu->timers);
	cpu->programmed = NS_FOREVER;
}

int timers_bind(struct cpu *cpu)
{
	int port = evtchn_bind_virq_on(cpu, VIRQ_TIMER, timers_run, cpu);

	return port < 0 ? port : 0;
}

void timers_init(void)
{
	int err;

	timers_init_cpu(cpu_self());
	err = timers_bind(cpu_self());
	if (err)
		panic("no timer event: error %d", err);
	/* Xen starts a vcpu with a tick of 100 Hz on the same event; deadlines are all we want. */
	hypercall_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
}
