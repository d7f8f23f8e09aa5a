/* SPDX-License-Identifier: MIT */
/* Rule: a vcpu_time_info registered elsewhere is the same time, kept by the hypervisor there. */
/* as: dom0, domU */
#include "../kit/kit.h"

static struct vcpu_time_info area ALIGNED(64);

TEST
{
	struct vcpu_register_time_memory_area reg = { .addr.v = &area };
	uint64_t before, now;

	check("register", hypercall(vcpu_op, VCPUOP_register_vcpu_time_memory_area, 0, &reg), 0);
	check("its version is even", area.version & 1, 0);
	check_that("its multiplier is the first's",
		   area.tsc_to_system_mul == vcpu->time.tsc_to_system_mul);
	check("its shift too", area.tsc_shift == vcpu->time.tsc_shift, 1);
	before = time_now();
	now = time_of(&area);
	check_that("its time is the same", now >= before && now - before < 1000 * MS);
	before = area.tsc_timestamp;
	check_that("it is brought up to date",
		   wait_for(READ_ONCE(area.tsc_timestamp) != before, 3000));
	reg.addr.v = (void *)VA_NONCANONICAL;
	check("an area that is not canonical",
	      hypercall(vcpu_op, VCPUOP_register_vcpu_time_memory_area, 0, &reg), -XEN_EFAULT);
	check("from a pointer that is bad",
	      hypercall(vcpu_op, VCPUOP_register_vcpu_time_memory_area, 0, VA_UNMAPPED),
	      -XEN_EFAULT);
	check("of a vcpu that is not there",
	      hypercall(vcpu_op, VCPUOP_register_vcpu_time_memory_area, 99, &reg), -XEN_ENOENT);
}
