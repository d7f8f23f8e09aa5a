/* SPDX-License-Identifier: MIT */
/*
 * domctl: the toolstack's operations on one domain (<xen/domctl.h>): its life, its limits, its
 * settings.
 */
#include "access.h"
#include "console.h"
#include "control.h"
#include "evtchn.h"
#include "frame.h"
#include "hypercall.h"
#include "sched.h"
#include "lib/string.h"

/* Of d->tsc_mode; 0 is the default, and as the last here. */
#define TSC_MODE_ALWAYS 1 /* emulated */
#define TSC_MODE_NEVER  2

/* The guest's map may be shorter or longer than what we have bits for. */
int bitmap_in(const struct xenctl_bitmap *map, uint64_t *bits)
{
	unsigned n = MIN(map->nr_bits, 64u);

	*bits = 0;
	if (copy_from_guest(bits, map->bitmap.p, MIN((map->nr_bits + 7) / 8, 8u)))
		return -EFAULT;
	if (n < 64)
		*bits &= BIT(n) - 1;
	return 0;
}

/* What the guest's map has beyond ours becomes zero. */
int bitmap_out(const struct xenctl_bitmap *map, uint64_t bits, unsigned nr)
{
	uint32_t all = DIV_ROUND_UP(map->nr_bits, 8), size = MIN(all, DIV_ROUND_UP(nr, 8)),
		 rest = all - size;

	if (map->nr_bits < 64)
		bits &= BIT(map->nr_bits) - 1;
	if (copy_to_guest(map->bitmap.p, &bits, size) || clear_guest(map->bitmap.p + size, rest))
		return -EFAULT;
	return 0;
}

/* A domain counts as blocked when all of its vcpus that are up are. */
void domain_info(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
	uint32_t i;

	memset(info, 0, sizeof(*info));
	info->domain = d->id;
	info->flags = XEN_DOMINF_blocked | (uint32_t)d->shutdown_code << XEN_DOMINF_shutdownshift;
	info->max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
	for (i = 0; i < d->max_vcpus; i++) {
		const struct vcpu *v = d->vcpu[i];

		if (!v)
			continue;
		info->max_vcpu_id = i;
		info->cpu_time += vcpu_run_time(v);
		if (v->down)
			continue;
		info->nr_online_vcpus++;
		if (!v->blocked)
			info->flags &= ~XEN_DOMINF_blocked;
		if (v->running && !v->blocked)
			info->flags |= XEN_DOMINF_running;
	}
	info->flags |= (d->dying == DOMAIN_DEAD ? XEN_DOMINF_dying : 0) |
		       (d->shut_down ? XEN_DOMINF_shutdown : 0) |
		       (d->ctl_pause_count ? XEN_DOMINF_paused : 0) |
		       (d->config_flags & XEN_DOMCTL_CDF_xs_domain ? XEN_DOMINF_xs_domain : 0);
	info->tot_pages = d->tot_pages;
	info->max_pages = d->max_pages;
	info->outstanding_pages = d->outstanding;
	info->shared_info_frame = virt_to_mfn(d->shared).n;
	info->ssidref = d->ssidref;
	info->cpupool = cpupool_id(d);
	memcpy(info->handle, d->handle, sizeof(info->handle));
}

static long op_create(struct xen_domctl *op)
{
	struct domain *d;
	int rc = domain_create(op->domain, &op->u.createdomain, false, &d);

	if (!rc)
		op->domain = d->id;
	return rc;
}

/* Large domains take several rounds; the caller's interrupts come in between. */
static long op_destroy(struct domain *d, void *u)
{
	long rc;

	work_begin();
	rc = domain_kill(d);
	return rc == -ERESTART ? hypercall_continue(__HYPERVISOR_domctl, 1, u) : rc;
}

static long op_resume(struct domain *d)
{
	if (d == current->domain)
		return -EINVAL;
	domain_resume(d);
	return 0;
}

/* May be below what it has: then it gets no more. */
static long op_max_mem(struct domain *d, const struct xen_domctl_max_mem *m)
{
	spin_lock(&d->frames_lock);
	d->max_pages = MIN(m->max_memkb >> (PAGE_SHIFT - 10), (uint64_t)~0u - 1);
	spin_unlock(&d->frames_lock);
	return 0;
}

static long op_set_address_size(const struct xen_domctl_address_size *a)
{
	return a->size == 64 ? 0 : -EINVAL;
}

static long op_time_offset(struct domain *d, const struct xen_domctl_settimeoffset *t)
{
	d->time_offset_ns = (uint64_t)t->time_offset_seconds * 1000000000UL;
	time_update_wall(d);
	return 0;
}

/* One node holds all. */
static long op_get_nodes(const struct xen_domctl_nodeaffinity *n)
{
	return bitmap_out(&n->nodemap, 1, 1);
}
static long op_set_nodes(const struct xen_domctl_nodeaffinity *n)
{
	uint64_t nodes;

	if (bitmap_in(&n->nodemap, &nodes))
		return -EFAULT;
	return nodes & 1 ? 0 : -EINVAL;
}

static long op_subscribe(struct domain *d, const struct xen_domctl_subscribe *s)
{
	d->suspend_port = s->port; /* whatever it is then, and if it is there */
	return 0;
}

/* Guests read the machine's TSC; what would need emulation is refused. */
static long op_set_tsc(struct domain *d, const struct xen_domctl_tsc_info *t)
{
	if (d == current->domain)
		return -EINVAL;
	if (t->tsc_mode > TSC_MODE_NEVER)
		return -EINVAL;
	if (t->tsc_mode == TSC_MODE_ALWAYS)
		return -EOPNOTSUPP;
	d->tsc_mode = (uint8_t)t->tsc_mode;
	d->tsc_incarnation = t->incarnation + 1;
	return 0;
}

/* What a restored domain needs to know, and one that is never to be emulated does not. */
static long op_get_tsc(struct domain *d, struct xen_domctl_tsc_info *t)
{
	if (d == current->domain)
		return -EINVAL;
	*t = (struct xen_domctl_tsc_info){ .tsc_mode = d->tsc_mode,
					   .incarnation = d->tsc_incarnation };
	if (d->tsc_mode != TSC_MODE_NEVER) {
		t->gtsc_khz = time_tsc_khz();
		t->elapsed_nsec = time_now();
	}
	return 0;
}

/*
 * Operations that a domain itself, or a copy back, or a continuation does not make special stand
 * here in one line.
 */
static long domctl_run(struct domain *d, struct xen_domctl *op, bool *back, void *u)
{
	long rc;

	switch (op->cmd) {
	case XEN_DOMCTL_destroydomain:
		return op_destroy(d, u);
	case XEN_DOMCTL_pausedomain:
		return d == current->domain ? -EINVAL : domain_ctl_pause(d);
	case XEN_DOMCTL_unpausedomain:
		return domain_ctl_unpause(d);
	case XEN_DOMCTL_resumedomain:
		return op_resume(d);
	case XEN_DOMCTL_getdomaininfo:
		*back = true;
		op->domain = d->id;
		domain_info(d, &op->u.getdomaininfo);
		return 0;
	case XEN_DOMCTL_max_mem:
		return op_max_mem(d, &op->u.max_mem);
	case XEN_DOMCTL_max_vcpus:
		return d == current->domain ? -EINVAL
					    : domain_set_max_vcpus(d, op->u.max_vcpus.max);
	case XEN_DOMCTL_setdomainhandle:
		memcpy(d->handle, op->u.setdomainhandle.handle, sizeof(d->handle));
		return 0;
	case XEN_DOMCTL_settimeoffset:
		return op_time_offset(d, &op->u.settimeoffset);
	case XEN_DOMCTL_set_address_size:
		return op_set_address_size(&op->u.address_size);
	case XEN_DOMCTL_get_address_size:
		*back = true;
		op->u.address_size.size = 64;
		return 0;
	case XEN_DOMCTL_scheduler_op:
		*back = true;
		return domctl_scheduler(d, &op->u.scheduler_op);
	case XEN_DOMCTL_getnodeaffinity:
		return op_get_nodes(&op->u.nodeaffinity);
	case XEN_DOMCTL_setnodeaffinity:
		return op_set_nodes(&op->u.nodeaffinity);
	case XEN_DOMCTL_subscribe:
		return op_subscribe(d, &op->u.subscribe);
	case XEN_DOMCTL_set_virq_handler:
		return evtchn_set_virq_handler(d, op->u.set_virq_handler.virq);
	case XEN_DOMCTL_settscinfo:
		return op_set_tsc(d, &op->u.tsc_info);
	case XEN_DOMCTL_gettscinfo:
		*back = true;
		return op_get_tsc(d, &op->u.tsc_info);
	case XEN_DOMCTL_shadow_op: /* no dirty pages are logged, so there is nothing to end */
		return op->u.shadow_op.op == XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY ? -EOPNOTSUPP
										  : -EINVAL;
	}
	rc = domctl_vcpu(d, op, back);
	if (rc == -ENOSYS)
		rc = domctl_frames(d, op, back);
	if (rc == -ENOSYS)
		rc = domctl_access(d, op);
	if (rc == -ERESTART)
		rc = hypercall_continue(__HYPERVISOR_domctl, 1, u);
	return rc;
}

/*
 * The order of refusals is Xen's: version, domain, permission, operation. getdomaininfo takes the
 * next domain where there is none of that number, so that a toolstack can list them all.
 */
static long domctl(xen_domctl_t *u)
{
	struct xen_domctl op;
	struct domain *d = NULL;
	bool back = false;
	long rc;

	if (copy_from_guest(&op, u, sizeof(op)))
		return -EFAULT;
	if (op.interface_version != XEN_DOMCTL_INTERFACE_VERSION)
		return -EACCES;
	if (op.cmd == XEN_DOMCTL_getdomaininfo)
		d = op.domain < DOMID_FIRST_RESERVED ? domain_get_next(op.domain) : NULL;
	else if (op.cmd != XEN_DOMCTL_createdomain && op.domain < DOMID_FIRST_RESERVED)
		d = domain_get(op.domain);
	if (!d && op.cmd != XEN_DOMCTL_createdomain)
		return op.cmd == XEN_DOMCTL_getdomaininfo && op.domain >= DOMID_FIRST_RESERVED
			       ? -EINVAL
			       : -ESRCH;
	if (!current->domain->privileged) {
		rc = -EPERM;
	} else if (!d) {
		rc = op_create(&op);
		back = !rc;
	} else {
		rc = domctl_run(d, &op, &back, u);
	}
	if (d)
		domain_put(d);
	if (back && copy_to_guest(u, &op, sizeof(op)))
		rc = -EFAULT;
	return rc;
}

/*
 * One at a time, and nobody waits: who holds the lock may be waiting for the other processor to
 * stop a vcpu. The guest comes again.
 */
static spinlock_t lock = SPINLOCK(LOCK_CONTROL);

bool control_begin(void)
{
	return spin_trylock(&lock);
}

void control_end(void)
{
	spin_unlock(&lock);
}

long do_domctl(xen_domctl_t *u)
{
	long rc;

	if (!current->domain->privileged)
		return domctl(u); /* which refuses it: nobody shall have to come again for that */
	if (!control_begin())
		return hypercall_continue(__HYPERVISOR_domctl, 1, u);
	rc = domctl(u);
	control_end();
	return rc;
}
