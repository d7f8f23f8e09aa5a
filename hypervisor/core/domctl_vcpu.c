/* SPDX-License-Identifier: MIT */
/* domctl, what it does with vcpus: their registers, their state. */
#include "access.h"
#include "console.h"
#include "control.h"
#include "pv.h"
#include "sched.h"

/* As it was when it was made: down, and to be initialised. */
static long reset(struct domain *d, struct vcpu *v)
{
	long rc;

	domain_pause(d);
	work_begin();
	rc = pv_vcpu_reset(v);
	if (!rc)
		(void)sched_unblock(v); /* whatever it waited for */
	domain_unpause(d);
	return rc;
}

/* The domain stands still meanwhile; a long validation is continued from the toolstack's call. */
static long set_context(struct domain *d, const struct xen_domctl_vcpucontext *a)
{
	struct vcpu *v = domain_vcpu(d, a->vcpu);
	struct vcpu_guest_context *c;
	long rc = -EFAULT;

	if (d == current->domain || !v)
		return -EINVAL;
	if (!a->ctxt.p)
		return reset(d, v);
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

static long send_trigger(struct domain *d, const struct xen_domctl_sendtrigger *t)
{
	struct vcpu *v = domain_vcpu(d, t->vcpu);

	if (!v)
		return -ESRCH;
	switch (t->trigger) {
	case XEN_DOMCTL_SENDTRIGGER_NMI:
		vcpu_send_nmi(v);
		return 0;
	case XEN_DOMCTL_SENDTRIGGER_POWER:
	case XEN_DOMCTL_SENDTRIGGER_SLEEP:
		return -EINVAL; /* buttons that a PV domain does not have */
	default:
		return -ENOSYS;
	}
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
	case XEN_DOMCTL_sendtrigger:
		return send_trigger(d, &op->u.sendtrigger);
	case XEN_DOMCTL_getvcpuaffinity:
		return domctl_affinity(d, &op->u.vcpuaffinity, false);
	case XEN_DOMCTL_setvcpuaffinity:
		return domctl_affinity(d, &op->u.vcpuaffinity, true);
	default:
		return -ENOSYS;
	}
}
