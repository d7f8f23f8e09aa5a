/* SPDX-License-Identifier: MIT */
/* Typed domctl and sysctl of schedulers, affinity and CPU pools. */
#include "dom0/hyper_sched.h"

#include "guest/hypercall.h"

static long pool_op(struct xen_sysctl *op, uint32_t what, uint32_t pool)
{
	op->cmd = XEN_SYSCTL_cpupool_op;
	op->u.cpupool_op.op = what;
	op->u.cpupool_op.cpupool_id = pool;
	return hypercall_sysctl(op);
}

int hyper_pool_next(uint32_t from, struct hyper_pool *pool)
{
	uint64_t cpus = 0;
	struct xen_sysctl op = { .u.cpupool_op.cpumap.nr_bits = CPUS_MAX };
	long err;

	set_xen_guest_handle(op.u.cpupool_op.cpumap.bitmap, (uint8_t *)&cpus);
	err = pool_op(&op, XEN_SYSCTL_CPUPOOL_OP_INFO, from);
	*pool = (struct hyper_pool){
		.id = op.u.cpupool_op.cpupool_id,
		.scheduler = op.u.cpupool_op.sched_id,
		.domains = op.u.cpupool_op.n_dom,
		.cpus = cpus,
	};
	return (int)err;
}

int hyper_pool_free_cpus(uint64_t *cpus)
{
	struct xen_sysctl op = { .u.cpupool_op.cpumap.nr_bits = CPUS_MAX };

	*cpus = 0;
	set_xen_guest_handle(op.u.cpupool_op.cpumap.bitmap, (uint8_t *)cpus);
	return (int)pool_op(&op, XEN_SYSCTL_CPUPOOL_OP_FREEINFO, 0);
}

int hyper_pool_create(uint32_t scheduler, uint32_t *pool)
{
	struct xen_sysctl op = { .u.cpupool_op.sched_id = scheduler };
	long err = pool_op(&op, XEN_SYSCTL_CPUPOOL_OP_CREATE, XEN_SYSCTL_CPUPOOL_PAR_ANY);

	*pool = op.u.cpupool_op.cpupool_id;
	return (int)err;
}

int hyper_pool_destroy(uint32_t pool)
{
	struct xen_sysctl op = { 0 };

	return (int)pool_op(&op, XEN_SYSCTL_CPUPOOL_OP_DESTROY, pool);
}

int hyper_pool_cpu(uint32_t pool, unsigned int cpu, bool add)
{
	struct xen_sysctl op = { .u.cpupool_op.cpu = cpu };

	return (int)pool_op(&op, add ? XEN_SYSCTL_CPUPOOL_OP_ADDCPU : XEN_SYSCTL_CPUPOOL_OP_RMCPU,
			    pool);
}

int hyper_pool_move(uint32_t pool, domid_t domid)
{
	struct xen_sysctl op = { .u.cpupool_op.domid = domid };

	return (int)pool_op(&op, XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, pool);
}

int hyper_pool_credit(uint32_t pool, bool set, struct xen_sysctl_credit_schedule *credit)
{
	struct xen_sysctl op = {
		.cmd = XEN_SYSCTL_scheduler_op,
		.u.scheduler_op = {
			.cpupool_id = pool,
			.sched_id = XEN_SCHEDULER_CREDIT,
			.cmd = set ? XEN_SYSCTL_SCHEDOP_putinfo : XEN_SYSCTL_SCHEDOP_getinfo,
			.u.sched_credit = *credit,
		},
	};
	long err = hypercall_sysctl(&op);

	*credit = op.u.scheduler_op.u.sched_credit;
	return (int)err;
}

int hyper_credit(domid_t domid, bool set, struct xen_domctl_sched_credit *credit)
{
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_scheduler_op,
		.domain = domid,
		.u.scheduler_op = {
			.sched_id = XEN_SCHEDULER_CREDIT,
			.cmd = set ? XEN_DOMCTL_SCHEDOP_putinfo : XEN_DOMCTL_SCHEDOP_getinfo,
			.u.credit = *credit,
		},
	};
	long err = hypercall_domctl(&op);

	*credit = op.u.scheduler_op.u.credit;
	return (int)err;
}

int hyper_rtds(domid_t domid, unsigned int vcpu, bool set, struct xen_domctl_sched_rtds *rtds)
{
	struct xen_domctl_schedparam_vcpu param = { .u.rtds = *rtds, .vcpuid = vcpu };
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_scheduler_op,
		.domain = domid,
		.u.scheduler_op = {
			.sched_id = XEN_SCHEDULER_RTDS,
			.cmd = set ? XEN_DOMCTL_SCHEDOP_putvcpuinfo :
				     XEN_DOMCTL_SCHEDOP_getvcpuinfo,
			.u.v.nr_vcpus = 1,
		},
	};
	long err;

	set_xen_guest_handle(op.u.scheduler_op.u.v.vcpus, &param);
	err = hypercall_domctl(&op);
	*rtds = param.u.rtds;
	return (int)err;
}

static int affinity(uint32_t cmd, domid_t domid, unsigned int vcpu, uint64_t *hard, uint64_t *soft,
		    uint32_t flags)
{
	struct xen_domctl op = {
		.cmd = cmd,
		.domain = domid,
		.u.vcpuaffinity = {
			.vcpu = vcpu,
			.flags = flags | (hard ? XEN_VCPUAFFINITY_HARD : 0) |
				 (soft ? XEN_VCPUAFFINITY_SOFT : 0),
			.cpumap_hard.nr_bits = CPUS_MAX,
			.cpumap_soft.nr_bits = CPUS_MAX,
		},
	};

	set_xen_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, (uint8_t *)hard);
	set_xen_guest_handle(op.u.vcpuaffinity.cpumap_soft.bitmap, (uint8_t *)soft);
	return (int)hypercall_domctl(&op);
}

int hyper_affinity(domid_t domid, unsigned int vcpu, uint64_t *hard, uint64_t *soft)
{
	return affinity(XEN_DOMCTL_getvcpuaffinity, domid, vcpu, hard, soft, 0);
}

int hyper_set_affinity(domid_t domid, unsigned int vcpu, uint64_t *hard, uint64_t *soft,
		       bool force)
{
	return affinity(XEN_DOMCTL_setvcpuaffinity, domid, vcpu, hard, soft,
			force ? XEN_VCPUAFFINITY_FORCE : 0);
}

int hyper_vcpu(domid_t domid, unsigned int vcpu, struct xen_domctl_getvcpuinfo *info)
{
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_getvcpuinfo,
		.domain = domid,
		.u.getvcpuinfo.vcpu = vcpu,
	};
	long err = hypercall_domctl(&op);

	*info = op.u.getvcpuinfo;
	return (int)err;
}
