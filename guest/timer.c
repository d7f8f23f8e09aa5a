/* SPDX-License-Identifier: MIT */
/*
 * Timers: a list in the order of deadlines, and Xen's one-shot timer set to the first. It is set
 * anew only when a deadline comes before what is set; when the first timer is stopped it fires in
 * vain.
 */
#include "guest/clock.h"
#include "guest/evtchn.h"
#include "guest/hypercall.h"
#include "guest/irq.h"
#include "guest/panic.h"
#include "guest/start.h"

/* Both with upcalls masked. */
static struct list timers = LIST_INIT(timers);
static ns_t programmed = NS_FOREVER;

/* Masked. After it Xen's timer fires at `deadline` or before. */
static void program(ns_t deadline)
{
	long err;

	if (deadline >= programmed)
		return;
	programmed = deadline;
	/* 0 would stop it. A deadline that has passed fires at once. */
	err = hypercall_set_timer_op(deadline ? deadline : 1);
	ASSERT(!err);
}

void timer_init(struct clock_timer *timer, void (*fire)(struct clock_timer *), void *arg)
{
	list_init(&timer->link);
	timer->active = false;
	timer->fire = fire;
	timer->arg = arg;
}

void timer_start(struct clock_timer *timer, ns_t deadline)
{
	unsigned long flags = irq_save();
	struct clock_timer *at;

	list_remove(&timer->link);
	timer->deadline = deadline;
	timer->active = true;
	/* Most deadlines are later than those before them: look from the end. */
	for (at = list_last(&timers, struct clock_timer, link); &at->link != &timers;
	     at = list_last(&at->link, struct clock_timer, link))
		if (at->deadline <= deadline)
			break;
	list_push_front(&at->link, &timer->link);
	program(deadline);
	irq_restore(flags);
}

bool timer_stop(struct clock_timer *timer)
{
	unsigned long flags = irq_save();
	bool active = timer->active;

	timer->active = false;
	list_remove(&timer->link);
	irq_restore(flags);
	return active;
}

/* A callback may start any timer, also one that is due at once: it is fired in the same round. */
static void timers_run(evtchn_port_t port, void *arg)
{
	ns_t now = clock_ns();

	programmed = NS_FOREVER;
	while (!list_empty(&timers)) {
		struct clock_timer *timer = list_first(&timers, struct clock_timer, link);

		if (timer->deadline > now) {
			program(timer->deadline);
			break;
		}
		timer->active = false;
		list_remove(&timer->link);
		timer->fire(timer);
	}
}

void timers_init(void)
{
	int port = evtchn_bind_virq(VIRQ_TIMER, timers_run, NULL);

	if (port < 0)
		panic("no timer event: error %d", port);
	/* Xen starts a vcpu with a tick of 100 Hz on the same event; deadlines are all we want. */
	hypercall_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
}
