/* SPDX-License-Identifier: MIT */
/* What the toolstack asks and sets of schedulers: of a domain, a vcpu, a pool; and affinity. */
#include "access.h"
#include <xen/sysctl.h>

#include "control.h"
#include "hypercall.h"
#include "scheduler.h"

#define VCPUS_A_CALL 64 /* the list is as long as the guest likes; it has at most so many */

/* One after the other; what was done stays done when a later one is refused. */
static long adjust_vcpus(const struct scheduler *s, struct domain *d,
			 struct xen_domctl_scheduler_op *op, bool put)
{
	struct xen_domctl_schedparam_vcpu param;
	struct vcpu *v;
	uint32_t i;
	long rc;

	if (op->u.v.nr_vcpus > VCPUS_A_CALL)
		return -EINVAL;
	for (i = 0; i < op->u.v.nr_vcpus; i++) {
		if (copy_from_guest(&param, op->u.v.vcpus.p + i, sizeof(param)))
			return -EFAULT;
		v = domain_vcpu(d, param.vcpuid);
		if (!v)
			return -EINVAL;
		rc = s->adjust_vcpu(v, &param, put);
		if (rc)
			return rc;
		if (!put && copy_to_guest(op->u.v.vcpus.p + i, &param, sizeof(param)))
			return -EFAULT;
	}
	return 0;
}

long domctl_scheduler(struct domain *d, struct xen_domctl_scheduler_op *op)
{
	const struct scheduler *s = d->pool->scheduler;

	if (op->sched_id != s->id)
		return -EINVAL;
	switch (op->cmd) {
	case XEN_DOMCTL_SCHEDOP_getinfo:
	case XEN_DOMCTL_SCHEDOP_putinfo:
		return s->adjust ? s->adjust(d, op, op->cmd == XEN_DOMCTL_SCHEDOP_putinfo)
				 : -EOPNOTSUPP;
	case XEN_DOMCTL_SCHEDOP_getvcpuinfo:
	case XEN_DOMCTL_SCHEDOP_putvcpuinfo:
		if (!s->adjust)
			return -EOPNOTSUPP;
		return s->adjust_vcpu
			       ? adjust_vcpus(s, d, op, op->cmd == XEN_DOMCTL_SCHEDOP_putvcpuinfo)
			       : -EINVAL;
	default:
		return -EINVAL;
	}
}

long sysctl_scheduler(struct xen_sysctl_scheduler_op *op)
{
	struct cpupool *p;

	if (op->cmd != XEN_SYSCTL_SCHEDOP_putinfo && op->cmd != XEN_SYSCTL_SCHEDOP_getinfo)
		return -EINVAL;
	p = cpupool_find(op->cpupool_id);
	if (!p)
		return -ESRCH;
	if (op->sched_id != p->scheduler->id)
		return -EINVAL;
	return p->scheduler->adjust_pool
		       ? p->scheduler->adjust_pool(p, op, op->cmd == XEN_SYSCTL_SCHEDOP_putinfo)
		       : -EOPNOTSUPP;
}

uint32_t sysctl_sched_id(void)
{
	return pool0.scheduler->id;
}

/* --- Affinity ------------------------------------------------------------------------------- */

static bool affinity_args_ok(const struct xen_domctl_vcpuaffinity *a)
{
	return a->flags && !(a->flags & XEN_VCPUAFFINITY_HARD && !a->cpumap_hard.bitmap.p) &&
	       !(a->flags & XEN_VCPUAFFINITY_SOFT && !a->cpumap_soft.bitmap.p);
}

static long get_affinity(struct vcpu *v, const struct xen_domctl_vcpuaffinity *a)
{
	int rc = 0;

	if (a->flags & XEN_VCPUAFFINITY_HARD)
		rc = bitmap_out(&a->cpumap_hard, v->affinity & cpus_online(), MAX_CPUS);
	if (!rc && a->flags & XEN_VCPUAFFINITY_SOFT)
		rc = bitmap_out(&a->cpumap_soft, v->soft_affinity & cpus_online(), MAX_CPUS);
	return rc;
}

/* Both are read and checked before either is set. The answer shows what will come of it. */
static long set_affinity(struct vcpu *v, const struct xen_domctl_vcpuaffinity *a)
{
	uint64_t pool = v->domain->pool->cpus & cpus_online();
	bool force = a->flags & XEN_VCPUAFFINITY_FORCE;
	uint64_t hard = v->pinned && force ? v->affinity_before : v->affinity;
	uint64_t soft = v->soft_affinity;
	int rc = 0;

	if (a->flags & XEN_VCPUAFFINITY_HARD && bitmap_in(&a->cpumap_hard, &hard))
		return -EFAULT;
	if (a->flags & XEN_VCPUAFFINITY_SOFT && bitmap_in(&a->cpumap_soft, &soft))
		return -EFAULT;
	if (a->flags & XEN_VCPUAFFINITY_HARD && !(hard & pool))
		return -EINVAL;
	if (v->pinned && !force)
		return -EBUSY;
	v->pinned = false;
	sched_set_affinity(v, hard, soft);
	if (a->flags & XEN_VCPUAFFINITY_HARD)
		rc = bitmap_out(&a->cpumap_hard, hard & pool, MAX_CPUS);
	if (!rc && a->flags & XEN_VCPUAFFINITY_SOFT)
		rc = bitmap_out(&a->cpumap_soft, soft & hard & pool, MAX_CPUS);
	return rc;
}

long domctl_affinity(struct domain *d, const struct xen_domctl_vcpuaffinity *a, bool set)
{
	struct vcpu *v = domain_vcpu(d, a->vcpu);

	if (!v)
		return a->vcpu >= d->max_vcpus ? -EINVAL : -ESRCH;
	if (!affinity_args_ok(a))
		return -EINVAL;
	return set ? set_affinity(v, a) : get_affinity(v, a);
}

/* Of the current vcpu, for a while: cpu < 0 ends it, and the affinity of before holds again. */
long sched_pin_override(int cpu)
{
	struct vcpu *v = current;

	if (cpu < 0) {
		if (!v->pinned)
			return -EINVAL;
		v->pinned = false;
		sched_set_affinity(v, v->affinity_before, v->soft_affinity);
		return 0;
	}
	if (v->pinned)
		return -EBUSY;
	if ((unsigned)cpu >= nr_cpus || !(v->domain->pool->cpus >> cpu & 1))
		return -EINVAL;
	v->pinned = true;
	v->affinity_before = v->affinity;
	sched_set_affinity(v, BIT(cpu), v->soft_affinity);
	return 0;
}
