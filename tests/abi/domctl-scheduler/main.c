/* SPDX-License-Identifier: MIT */
/*
 * Rule: what a domain's scheduler is asked for it answers, and for no other one's settings; each
 * has its own limits. The rules of the scheduler that the machine was booted with are checked.
 * options: sched=credit
 */
#include "../kit/kit.h"

static struct peer peer;
static unsigned int id;

static long adjust(unsigned int sched_id, unsigned int cmd, struct xen_domctl *op)
{
	op->u.scheduler_op.sched_id = sched_id;
	op->u.scheduler_op.cmd = cmd;
	return domctl(op, XEN_DOMCTL_scheduler_op, peer.id);
}

static long pool_adjust(unsigned int pool, unsigned int sched_id, unsigned int cmd,
			struct xen_sysctl_credit_schedule *credit)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_scheduler_op,
				 .interface_version = XEN_SYSCTL_INTERFACE_VERSION,
				 .u.scheduler_op = { .cpupool_id = pool,
						     .sched_id = sched_id,
						     .cmd = cmd,
						     .u.sched_credit = *credit } };
	long err = hypercall(sysctl, &op);

	*credit = op.u.scheduler_op.u.sched_credit;
	return err;
}

static void put_credit(const char *what, uint16_t weight, uint16_t cap, uint16_t then_weight,
		       uint16_t then_cap)
{
	struct xen_domctl op = { .u.scheduler_op.u.credit = { weight, cap } };

	check(what, adjust(id, XEN_DOMCTL_SCHEDOP_putinfo, &op), 0);
	check("get", adjust(id, XEN_DOMCTL_SCHEDOP_getinfo, &op), 0);
	check_status("weight", op.u.scheduler_op.u.credit.weight, then_weight);
	check_status("cap", op.u.scheduler_op.u.credit.cap, then_cap);
}

static void test_credit_pool(void)
{
	struct xen_sysctl_credit_schedule s = { 0 };
	static const struct {
		const char *what;
		struct xen_sysctl_credit_schedule s;
		long want;
	} cases[] = {
		{ "a slice of 20 ms", { 20, 1000, 0 }, 0 },
		{ "of 0 ms", { 0, 1000, 0 }, -XEN_EINVAL },
		{ "of 1001 ms", { 1001, 1000, 0 }, -XEN_EINVAL },
		{ "ratelimit of 99 us", { 20, 99, 0 }, -XEN_EINVAL },
		{ "of 500001 us", { 20, 500001, 0 }, -XEN_EINVAL },
		{ "none", { 20, 0, 0 }, 0 },
		{ "migration delay of 100 ms", { 20, 1000, 100000 }, 0 },
		{ "of more", { 20, 1000, 100001 }, -XEN_EINVAL },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		s = cases[i].s;
		check(cases[i].what, pool_adjust(0, id, XEN_SYSCTL_SCHEDOP_putinfo, &s),
		      cases[i].want);
	}
	check("get", pool_adjust(0, id, XEN_SYSCTL_SCHEDOP_getinfo, &s), 0);
	check_status("slice", s.tslice_ms, 20);
	check_status("ratelimit", s.ratelimit_us, 1000);
	check_status("migration delay", s.vcpu_migr_delay_us, 100000);
	check("command 2", pool_adjust(0, id, 2, &s), -XEN_EINVAL);
	check("pool 7", pool_adjust(7, id, XEN_SYSCTL_SCHEDOP_getinfo, &s), -XEN_ESRCH);
	check("another scheduler", pool_adjust(0, id + 1, XEN_SYSCTL_SCHEDOP_getinfo, &s),
	      -XEN_EINVAL);
}

static void test_credit(void)
{
	struct xen_domctl op = { 0 };

	check("get", adjust(id, XEN_DOMCTL_SCHEDOP_getinfo, &op), 0);
	check_status("weight", op.u.scheduler_op.u.credit.weight, 256);
	check_status("cap", op.u.scheduler_op.u.credit.cap, 0);
	put_credit("put both", 512, 50, 512, 50);
	put_credit("put no weight", 0, 20, 512, 20);
	put_credit("put no cap", 1, 0xffff, 1, 20);
	put_credit("put the largest weight, end the cap", 65535, 0, 65535, 0);
	put_credit("put a cap of many processors", 256, 6400, 256, 6400);
	check("vcpus' info", adjust(id, XEN_DOMCTL_SCHEDOP_getvcpuinfo, &op), -XEN_EINVAL);
	test_credit_pool();
}

static long vcpus(unsigned int cmd, struct xen_domctl_schedparam_vcpu *v, unsigned int count)
{
	struct xen_domctl op = { .u.scheduler_op.u.v.nr_vcpus = count };

	set_xen_guest_handle(op.u.scheduler_op.u.v.vcpus, v);
	return adjust(id, cmd, &op);
}

static void put_rtds(const char *what, unsigned int vcpu_id, unsigned int period,
		     unsigned int budget, long want)
{
	struct xen_domctl_schedparam_vcpu v = { .u.rtds = { period, budget, 0 },
						.vcpuid = vcpu_id };

	check(what, vcpus(XEN_DOMCTL_SCHEDOP_putvcpuinfo, &v, 1), want);
}

static void test_rtds(void)
{
	struct xen_domctl_schedparam_vcpu v[2] = { { .vcpuid = 0 }, { .vcpuid = 1 } };
	struct xen_sysctl_credit_schedule none = { 0 };
	struct xen_domctl op = { 0 };

	check("get the defaults", adjust(id, XEN_DOMCTL_SCHEDOP_getinfo, &op), 0);
	check_status("period", op.u.scheduler_op.u.rtds.period, 10000);
	check_status("budget", op.u.scheduler_op.u.rtds.budget, 4000);
	check("get of both vcpus", vcpus(XEN_DOMCTL_SCHEDOP_getvcpuinfo, v, 2), 0);
	check_status("period", v[1].u.rtds.period, 10000);
	check_status("budget", v[1].u.rtds.budget, 4000);
	check_status("extra time", v[1].u.rtds.flags, XEN_DOMCTL_SCHEDRT_extra);
	put_rtds("vcpu 1", 1, 20000, 5000, 0);
	put_rtds("a budget of the whole period", 1, 20000, 20000, 0);
	put_rtds("of more", 1, 20000, 20001, -XEN_EINVAL);
	put_rtds("a period of 9 us", 1, 9, 9, -XEN_EINVAL);
	put_rtds("a budget of 9 us", 1, 20000, 9, -XEN_EINVAL);
	put_rtds("of 10 us", 1, 20000, 10, 0);
	put_rtds("vcpu 2", 2, 20000, 5000, -XEN_EINVAL);
	check("get of both vcpus", vcpus(XEN_DOMCTL_SCHEDOP_getvcpuinfo, v, 2), 0);
	check_status("of the first as before", v[0].u.rtds.budget, 4000);
	check_status("period", v[1].u.rtds.period, 20000);
	check_status("budget", v[1].u.rtds.budget, 10);
	check_status("extra time", v[1].u.rtds.flags, 0);
	op.u.scheduler_op.u.rtds = (struct xen_domctl_sched_rtds){ 0, 5000, 0 };
	check("all, without a period", adjust(id, XEN_DOMCTL_SCHEDOP_putinfo, &op), -XEN_EINVAL);
	op.u.scheduler_op.u.rtds = (struct xen_domctl_sched_rtds){ 30000, 3000, 0 };
	check("all", adjust(id, XEN_DOMCTL_SCHEDOP_putinfo, &op), 0);
	check("get of both vcpus", vcpus(XEN_DOMCTL_SCHEDOP_getvcpuinfo, v, 2), 0);
	check_status("period", v[0].u.rtds.period, 30000);
	check_status("budget", v[1].u.rtds.budget, 3000);
	check("from nowhere", vcpus(XEN_DOMCTL_SCHEDOP_getvcpuinfo, (void *)VA_UNMAPPED, 1),
	      -XEN_EFAULT);
	check("the pool", pool_adjust(0, id, XEN_SYSCTL_SCHEDOP_getinfo, &none), -XEN_EOPNOTSUPP);
}

static void test_null(void)
{
	struct xen_sysctl_credit_schedule none = { 0 };
	struct xen_domctl op = { 0 };

	check("get", adjust(id, XEN_DOMCTL_SCHEDOP_getinfo, &op), -XEN_EOPNOTSUPP);
	check("put", adjust(id, XEN_DOMCTL_SCHEDOP_putinfo, &op), -XEN_EOPNOTSUPP);
	check("the pool", pool_adjust(0, id, XEN_SYSCTL_SCHEDOP_getinfo, &none), -XEN_EOPNOTSUPP);
}

TEST
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_sched_id,
				 .interface_version = XEN_SYSCTL_INTERFACE_VERSION };
	struct xen_domctl d = { 0 };

	check("sched_id", hypercall(sysctl, &op), 0);
	id = op.u.sched_id.sched_id;
	peer_create(&peer, 2);
	check("another scheduler", adjust(id + 1, XEN_DOMCTL_SCHEDOP_getinfo, &d), -XEN_EINVAL);
	check("command 4", adjust(id, 4, &d), -XEN_EINVAL);
	switch (id) {
	case XEN_SCHEDULER_CREDIT:
		test_credit();
		break;
	case XEN_SCHEDULER_RTDS:
		test_rtds();
		break;
	case XEN_SCHEDULER_NULL:
		test_null();
		break;
	}
	check("destroy", peer_destroy(&peer), 0);
}
