/* SPDX-License-Identifier: MIT */
/* The loads. */
#include "shares.h"

ulong spin_rounds(ulong rounds)
{
	__asm__ volatile("1: dec %0; jnz 1b" : "+r"(rounds));
	return rounds;
}

/*
 * On several processors. QEMU's -icount runs one processor until the next timer is due before it
 * turns to the other, so there has to be one, soon.
 */
static void tick(uint64_t period)
{
	struct vcpu_set_periodic_timer set = { .period_ns = period };

	event_mask(event_virq(VIRQ_TIMER));
	hypercall(vcpu_op, VCPUOP_set_periodic_timer, 0, &set);
}

void spin(void)
{
	if (box.value[TICK])
		tick((uint64_t)box.value[TICK]);
	for (box.value[READY] = 1;; box.value[ROUNDS]++)
		spin_rounds(100);
}

void sleep_until(uint64_t when)
{
	struct sched_poll poll = { .timeout = when };

	while (time_now() < when)
		hypercall(sched_op, SCHEDOP_poll, &poll);
}

/* A job is released at each period's begin, and due at its end. */
void jobs(void)
{
	uint64_t period = (uint64_t)box.value[PERIOD], release, took;
	long work = box.value[WORK];

	hypercall(vcpu_op, VCPUOP_stop_periodic_timer, 0);
	release = time_now();
	for (box.value[READY] = 1;; release += period) {
		sleep_until(release);
		spin_rounds((ulong)work);
		took = time_now() - release;
		box.value[WORST] = MAX(box.value[WORST], (long)took);
		box.value[MISSED] += took > period;
		box.value[ROUNDS]++;
	}
}

void echo(void)
{
	struct evtchn_bind_interdomain bind = { .remote_port = (unsigned int)box.value[PORT] };
	struct sched_poll poll = { .nr_ports = 1 };
	evtchn_port_t port;

	hypercall(vcpu_op, VCPUOP_stop_periodic_timer, 0);
	hypercall(event_channel_op, EVTCHNOP_bind_interdomain, &bind);
	port = bind.local_port;
	event_mask(port);
	event_clear(port);
	set_xen_guest_handle(poll.ports, &port);
	for (box.value[READY] = 1;; box.value[ROUNDS]++) {
		hypercall(sched_op, SCHEDOP_poll, &poll);
		event_clear(port);
		event_send(port);
	}
}
