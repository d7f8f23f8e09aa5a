/* SPDX-License-Identifier: MIT */
/* Rule: runstate times add up to the time that passed, in the call and in the registered area. */
#include "../kit/kit.h"

static struct vcpu_runstate_info area ALIGNED(64);

static uint64_t sum(const struct vcpu_runstate_info *info)
{
	return info->time[0] + info->time[1] + info->time[2] + info->time[3];
}

TEST
{
	struct vcpu_runstate_info a, b;
	struct vcpu_register_runstate_memory_area reg;
	uint64_t before = time_now(), start, end;

	check("get_runstate_info", hypercall(vcpu_op, VCPUOP_get_runstate_info, 0, &a), 0);
	start = time_now();
	check("state", a.state, RUNSTATE_running);
	while (time_now() - start < 20 * MS)
		;
	check("20 ms later", hypercall(vcpu_op, VCPUOP_get_runstate_info, 0, &b), 0);
	check_that("running has 15 more at least",
		   b.time[RUNSTATE_running] - a.time[RUNSTATE_running] >= 15 * MS);
	end = time_now();
	check_that("the sum grew as time did",
		   sum(&b) - sum(&a) >= 20 * MS && sum(&b) - sum(&a) <= end - before);
	hypercall(vcpu_op, VCPUOP_stop_periodic_timer, 0);
	event_virq(VIRQ_TIMER);
	hypercall(set_timer_op, time_now() + 30 * MS);
	hypercall(sched_op, SCHEDOP_block);
	events_off();
	hypercall(vcpu_op, VCPUOP_get_runstate_info, 0, &a);
	check_that("after a block of 30 ms, blocked has 20 more at least",
		   a.time[RUNSTATE_blocked] - b.time[RUNSTATE_blocked] >= 20 * MS);

	reg.addr.v = &area;
	check("an area", hypercall(vcpu_op, VCPUOP_register_runstate_memory_area, 0, &reg), 0);
	check("its state", area.state, RUNSTATE_running);
	check_that("it is filled in", sum(&area) > 0 && sum(&area) <= sum(&a) + 1000 * MS);
	a = area;
	hypercall(set_timer_op, time_now() + 10 * MS);
	hypercall(sched_op, SCHEDOP_block);
	events_off();
	check_that("it is kept up to date", sum(&area) > sum(&a) && area.state == RUNSTATE_running);
	reg.addr.v = (void *)VA_HYPERVISOR;
	check("an area in the hypervisor",
	      hypercall(vcpu_op, VCPUOP_register_runstate_memory_area, 0, &reg), -XEN_EFAULT);
	check("of a vcpu that is not there", hypercall(vcpu_op, VCPUOP_get_runstate_info, 99, &a),
	      -XEN_ENOENT);
}
