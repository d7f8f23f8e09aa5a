/* SPDX-License-Identifier: MIT */
/* Rule: with runstate_update_flag state_entry_time has its top bit while it is written. */
/* as: dom0, domU */
#include "../kit/kit.h"

static struct vcpu_runstate_info area ALIGNED(64);

TEST
{
	struct vcpu_register_runstate_memory_area reg = { .addr.v = &area };
	uint64_t first;

	check("vm_assist",
	      hypercall(vm_assist, VMASST_CMD_enable, VMASST_TYPE_runstate_update_flag), 0);
	check("an area", hypercall(vcpu_op, VCPUOP_register_runstate_memory_area, 0, &reg), 0);
	first = READ_ONCE(area.state_entry_time);
	check("the flag, while nobody writes", first >> 63, 0);
	hypercall(vcpu_op, VCPUOP_stop_periodic_timer, 0);
	event_virq(VIRQ_TIMER);
	hypercall(set_timer_op, time_now() + 10 * MS);
	hypercall(sched_op, SCHEDOP_block);
	events_off();
	check("the flag, after a block", READ_ONCE(area.state_entry_time) >> 63, 0);
	check_that("the time of entry went on", READ_ONCE(area.state_entry_time) > first);
	check("state", area.state, RUNSTATE_running);
}
