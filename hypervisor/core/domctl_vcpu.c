/* SPDX-License-Identifier: MIT */
/* domctl, what it does with vcpus: their registers, their state, where they may run. */
#include "access.h"
#include "console.h"
#include "control.h"
#include "pv.h"
#include "sched.h"

/* The domain stands still meanwhile; a long validation is continued from the toolstack's call. */
static long set_context(struct domain *d, const struct xen_domctl_vcpucontext *a)
{
	struct vcpu *v = domain_vcpu(d, a->vcpu);
	struct vcpu_guest_context *c;
	long rc = -EFAULT;

	if (d == current->domain || !v)
		return -EINVAL;
	if (!a->ctxt.p)
		return -EOPNOTSUPP; /* a reset */
	c = heap_alloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	if (!copy_from_guest(c, a->ctxt.p, sizeof(*c))) {
		domain_pause(d);
		work_begin();
		rc = pv_set_context(v, c);
		domain_unpause(d);
	}
	heap_free(c);
	return rc;
}

/* Of a vcpu that has run, as it is now. */
static long get_context(struct domain *d, const struct xen_domctl_vcpucontext *a)
{
	struct vcpu *v = domain_vcpu(d, a->vcpu);
	struct vcpu_guest_context *c;
	long rc;

	if (!v || v == current)
		return -EINVAL;
	if (!v->initialised)
		return -ENODATA;
	c = heap_alloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	vcpu_pause(v);
	pv_get_context(v, c);
	vcpu_unpause(v);
	rc = copy_to_guest(a->ctxt.p, c, sizeof(*c)) ? -EFAULT : 0;
	heap_free(c);
	return rc;
}

static long get_info(struct domain *d, struct xen_domctl_getvcpuinfo *i)
{
	struct vcpu *v = domain_vcpu(d, i->vcpu);

	if (!v)
		return i->vcpu >= d->max_vcpus ? -EINVAL : -ESRCH;
	i->online = !v->down;
	i->blocked = v->blocked;
	i->running = v->running && !v->blocked;
	i->cpu_time = vcpu_run_time(v);
	i->cpu = v->cpu->id;
	return 0;
}

static bool affinity_args_ok(const struct xen_domctl_vcpuaffinity *a)
{
	return a->flags && !(a->flags & XEN_VCPUAFFINITY_HARD && !a->cpumap_hard.bitmap.p) &&
	       !(a->flags & XEN_VCPUAFFINITY_SOFT && !a->cpumap_soft.bitmap.p);
}

static uint64_t all_cpus(void)
{
	return nr_cpus < 64 ? BIT(nr_cpus) - 1 : ~0UL;
}

static long get_affinity(struct domain *d, const struct xen_domctl_vcpuaffinity *a)
{
	struct vcpu *v = domain_vcpu(d, a->vcpu);
	int rc = 0;

	if (!v)
		return a->vcpu >= d->max_vcpus ? -EINVAL : -ESRCH;
	if (!affinity_args_ok(a))
		return -EINVAL;
	if (a->flags & XEN_VCPUAFFINITY_HARD)
		rc = bitmap_out(&a->cpumap_hard, v->affinity, MAX_CPUS);
	if (!rc && a->flags & XEN_VCPUAFFINITY_SOFT)
		rc = bitmap_out(&a->cpumap_soft, ~0UL, MAX_CPUS);
	return rc;
}

/* Soft affinity is a wish; the answer shows what came of it. */
static long set_affinity(struct domain *d, const struct xen_domctl_vcpuaffinity *a)
{
	struct vcpu *v = domain_vcpu(d, a->vcpu);
	uint64_t hard;

	if (!v)
		return a->vcpu >= d->max_vcpus ? -EINVAL : -ESRCH;
	if (!affinity_args_ok(a))
		return -EINVAL;
	if (a->flags & XEN_VCPUAFFINITY_HARD) {
		if (bitmap_in(&a->cpumap_hard, &hard))
			return -EFAULT;
		if (!(hard & all_cpus()))
			return -EINVAL;
		sched_set_affinity(v, hard);
		if (bitmap_out(&a->cpumap_hard, hard & all_cpus(), MAX_CPUS))
			return -EFAULT;
	}
	if (a->flags & XEN_VCPUAFFINITY_SOFT)
		return bitmap_out(&a->cpumap_soft, v->affinity & all_cpus(), MAX_CPUS);
	return 0;
}

long domctl_vcpu(struct domain *d, struct xen_domctl *op, bool *back)
{
	switch (op->cmd) {
	case XEN_DOMCTL_setvcpucontext:
		return set_context(d, &op->u.vcpucontext);
	case XEN_DOMCTL_getvcpucontext:
		return get_context(d, &op->u.vcpucontext);
	case XEN_DOMCTL_getvcpuinfo:
		*back = true;
		return get_info(d, &op->u.getvcpuinfo);
	case XEN_DOMCTL_getvcpuaffinity:
		return get_affinity(d, &op->u.vcpuaffinity);
	case XEN_DOMCTL_setvcpuaffinity:
		return set_affinity(d, &op->u.vcpuaffinity);
	default:
		return -ENOSYS;
	}
}
