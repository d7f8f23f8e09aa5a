/* SPDX-License-Identifier: MIT */
/* Rule: a vcpu's periodic timer ticks, 100 times a second at first; its single shot fires once. */
/* as: dom0, domU */
#include "../kit/kit.h"

static unsigned int timer;

/* Ticks since the last call, and in the next 200 ms, however late the last look is. */
static unsigned int ticks(void)
{
	unsigned int n = 0;
	uint64_t end = time_now() + 200 * MS;
	bool last;

	do {
		last = time_now() >= end;
		hypercall(sched_op, SCHEDOP_yield);
		if (event_pending(timer)) {
			event_clear(timer);
			n++;
		}
	} while (!last);
	return n;
}

/* Whether five ticks come, and no faster than one a period. */
static bool paced(unsigned int period)
{
	uint64_t start = time_now();

	for (unsigned int i = 0; i < 5; i++) {
		if (!wait_for(event_pending(timer), 5000))
			return false;
		event_clear(timer);
	}
	return time_now() - start >= 3 * period * MS;
}

static long periodic(uint64_t ns, unsigned int id)
{
	struct vcpu_set_periodic_timer op = { .period_ns = ns };

	return hypercall(vcpu_op, VCPUOP_set_periodic_timer, id, &op);
}

static long single(uint64_t when, uint32_t flags, unsigned int id)
{
	struct vcpu_set_singleshot_timer op = { .timeout_abs_ns = when, .flags = flags };

	return hypercall(vcpu_op, VCPUOP_set_singleshot_timer, id, &op);
}

TEST
{
	unsigned int n;
	long err;

	timer = event_virq(VIRQ_TIMER);
	check("ticks of 10 ms at first", paced(10), 1);
	check("stop", hypercall(vcpu_op, VCPUOP_stop_periodic_timer, 0), 0);
	event_clear(timer);
	check("ticks", ticks(), 0);
	check("periodic of 20 ms", periodic(20 * MS, 0), 0);
	event_clear(timer);
	check("ticks of 20 ms", paced(20), 1);
	check("periodic of 1 ns", periodic(1, 0), -XEN_EINVAL);
	check("periodic of 2^63 ns", periodic(1UL << 63, 0), -XEN_EINVAL);
	check("periodic of a vcpu that is not there", periodic(20 * MS, 99), -XEN_ENOENT);
	check("stop", hypercall(vcpu_op, VCPUOP_stop_periodic_timer, 0), 0);
	event_clear(timer);

	check("single shot in 20 ms", single(time_now() + 20 * MS, 0, 0), 0);
	check("ticks", ticks(), 1);
	err = single(1, VCPU_SSHOTTMR_future, 0);
	n = ticks();
	check_that("in the past, if in the future: refused, or (a hypervisor may) fires at once",
		   (err == -XEN_ETIME && n == 0) || (err == 0 && n == 1));
	check("in the past", single(1, 0, 0), 0);
	check("ticks", ticks(), 1);
	check("in 20 ms", single(time_now() + 20 * MS, 0, 0), 0);
	check("stop", hypercall(vcpu_op, VCPUOP_stop_singleshot_timer, 0), 0);
	check("ticks", ticks(), 0);
	check("of a vcpu that is not there", single(1, 0, 99), -XEN_ENOENT);
}
