/* SPDX-License-Identifier: MIT */
/* Rule: yield and block return 0; block waits for an upcall and delivers it before it returns. */
/* as: dom0, domU */
#include "../kit/kit.h"

TEST
{
	unsigned int port = event_self(), timer = event_virq(VIRQ_TIMER);
	uint64_t start;

	hypercall(vcpu_op, VCPUOP_stop_periodic_timer, 0);
	event_clear(timer);
	check("yield", hypercall(sched_op, SCHEDOP_yield), 0);
	check("yield leaves the mask", vcpu->evtchn_upcall_mask, 1);
	event_send(port);
	check("block with an event pending", hypercall(sched_op, SCHEDOP_block), 0);
	check("it was delivered", event_count[port], 1);
	check("upcalls are on", vcpu->evtchn_upcall_mask, 0);
	start = time_now();
	check("a timer in 30 ms", hypercall(set_timer_op, start + 30 * MS), 0);
	check("block", hypercall(sched_op, SCHEDOP_block), 0);
	check("the timer came", event_count[timer], 1);
	check_that("not before its time", time_now() - start >= 30 * MS);
	check_that("and soon after", time_now() - start < 1000 * MS);
	events_off();
	check("sub-op 63", hypercall(sched_op, 63, &start), -XEN_ENOSYS);
	check("sub-op 99", hypercall(sched_op, 99, &start), -XEN_ENOSYS);
	check("set_timer to the past", hypercall(set_timer_op, 1), 0);
	check_that("fires at once", wait_for(event_pending(timer), 1000));
	event_clear(timer);
	check("set_timer in 20 ms", hypercall(set_timer_op, time_now() + 20 * MS), 0);
	check("set_timer 0", hypercall(set_timer_op, 0), 0);
	check("cancels it", wait_for(event_pending(timer), 100), 0);
	check("a later timer", hypercall(set_timer_op, time_now() + 10000 * MS), 0);
	check("replaced by an earlier one", hypercall(set_timer_op, time_now() + 10 * MS), 0);
	check_that("fires", wait_for(event_pending(timer), 1000));
}
