/* SPDX-License-Identifier: MIT */
/*
 * event_channel_op: ports come, are bound and go (<xen/event_channel.h>).
 *
 *   closed -> unbound          alloc_unbound: waits for one domain to bind to it
 *   unbound -> interdomain     that domain's bind_interdomain; both ends are ports, each holds a
 *                              reference to the other's domain
 *   interdomain -> unbound     the other end closed: open to the same domain again
 *   closed -> virq, ipi, pirq  bind_*: a source of its own, no other end
 *   any -> closed              close, reset, the end of the domain
 *
 * Port 0 is nobody's: it stays closed and is never given out. Answers come in Xen's order: which of
 * two errors a guest sees is part of the ABI.
 */
#include "access.h"
#include "evtchn_fifo.h"
#include "evtchn_table.h"
#include "frame.h"
#include "hypercall.h"
#include "irq.h"

/* Checked as late as Xen does: which of two errors a guest sees is part of the ABI. */
static bool permitted(const struct domain *d)
{
	return d == current->domain || current->domain->privileged;
}

static long op_alloc_unbound(void *arg)
{
	struct evtchn_alloc_unbound a;
	struct evtchn *e;
	struct domain *d;
	long rc;

	if (copy_from_guest(&a, arg, sizeof(a)))
		return -EFAULT;
	d = domain_get(a.dom);
	if (!d)
		return -ESRCH;
	spin_lock(&d->evtchn.lock);
	rc = evtchn_free_port(d);
	if (rc >= 0 && !permitted(d))
		rc = -EPERM;
	if (rc >= 0) {
		a.port = (evtchn_port_t)rc;
		e = evtchn_open_port(d, a.port, EVTCHNSTAT_unbound, 0);
		e->unbound.domid = a.remote_dom == DOMID_SELF ? current->domain->id : a.remote_dom;
		rc = 0;
	}
	spin_unlock(&d->evtchn.lock);
	domain_put(d);
	if (!rc && copy_to_guest(arg, &a, sizeof(a)))
		rc = -EFAULT;
	return rc;
}

/* Both tables locked. */
static long bind_pair(struct domain *d, struct domain *peer, struct evtchn_bind_interdomain *b)
{
	struct evtchn *e, *remote;
	int port = evtchn_free_port(d);

	if (port < 0)
		return port;
	remote = evtchn_entry(&peer->evtchn, b->remote_port);
	if (!remote || remote->state != EVTCHNSTAT_unbound || remote->unbound.domid != d->id)
		return -EINVAL;
	e = evtchn_at(&d->evtchn, (uint32_t)port);
	e->inter.peer = peer;
	e->inter.end = remote;
	e->inter.port = b->remote_port;
	domain_hold(peer);
	remote->inter.peer = d;
	remote->inter.end = e;
	remote->inter.port = (uint32_t)port;
	domain_hold(d);
	evtchn_open_port(d, (uint32_t)port, EVTCHNSTAT_interdomain, 0);
	WRITE_ONCE(remote->state, EVTCHNSTAT_interdomain);
	b->local_port = (evtchn_port_t)port;
	/* Notifications while the port was unbound are lost: the new end looks once for itself. */
	evtchn_set_pending(d, (uint32_t)port);
	return 0;
}

static long op_bind_interdomain(void *arg)
{
	struct evtchn_bind_interdomain b;
	struct domain *d = current->domain, *peer;
	long rc;

	if (copy_from_guest(&b, arg, sizeof(b)))
		return -EFAULT;
	peer = domain_get(b.remote_dom);
	if (!peer)
		return -ESRCH;
	evtchn_lock_pair(d, peer);
	rc = bind_pair(d, peer, &b);
	evtchn_unlock_pair(d, peer);
	domain_put(peer);
	if (!rc && copy_to_guest(arg, &b, sizeof(b)))
		rc = -EFAULT;
	return rc;
}

static long op_bind_virq(void *arg)
{
	struct evtchn_bind_virq b;
	struct domain *d = current->domain;
	struct vcpu *v;
	int port;

	if (copy_from_guest(&b, arg, sizeof(b)))
		return -EFAULT;
	if (b.virq >= NR_VIRQS || (evtchn_virq_is_global(b.virq) && b.vcpu))
		return -EINVAL;
	b.virq = (uint32_t)index_nospec(b.virq, NR_VIRQS);
	v = domain_vcpu(d, b.vcpu);
	if (!v)
		return -ENOENT;
	spin_lock(&d->evtchn.lock);
	port = v->virq_port[b.virq] ? -EEXIST : evtchn_free_port(d);
	if (port > 0) {
		b.port = (evtchn_port_t)port;
		evtchn_open_port(d, b.port, EVTCHNSTAT_virq, b.vcpu)->virq = b.virq;
		v->virq_port[b.virq] = b.port;
		if (b.virq == VIRQ_TIMER)
			vcpu_periodic_start(v);
	}
	spin_unlock(&d->evtchn.lock);
	if (port < 0)
		return port;
	return copy_to_guest(arg, &b, sizeof(b)) ? -EFAULT : 0;
}

static long op_bind_ipi(void *arg)
{
	struct evtchn_bind_ipi b;
	struct domain *d = current->domain;
	int port;

	if (copy_from_guest(&b, arg, sizeof(b)))
		return -EFAULT;
	if (!domain_vcpu(d, b.vcpu))
		return -ENOENT;
	spin_lock(&d->evtchn.lock);
	port = evtchn_free_port(d);
	if (port > 0)
		evtchn_open_port(d, (uint32_t)port, EVTCHNSTAT_ipi, b.vcpu);
	spin_unlock(&d->evtchn.lock);
	if (port < 0)
		return port;
	b.port = (evtchn_port_t)port;
	return copy_to_guest(arg, &b, sizeof(b)) ? -EFAULT : 0;
}

/* The table of pirqs exists for domains that have devices only. */
static int bind_pirq(struct domain *d, struct evtchn_bind_pirq *b)
{
	struct evtchn_table *t = &d->evtchn;
	int port, rc;

	if (!t->pirq_port)
		t->pirq_port = heap_alloc(NR_PIRQ * sizeof(*t->pirq_port));
	if (!t->pirq_port)
		return -ENOMEM;
	if (t->pirq_port[b->pirq])
		return -EEXIST;
	port = evtchn_free_port(d);
	if (port < 0)
		return port;
	/* Interrupts are off: nothing is sent before the port is open. */
	rc = pirq_bind(d, (int)b->pirq, b->flags & BIND_PIRQ__WILL_SHARE);
	if (rc)
		return rc == -EINVAL ? -EPERM : rc; /* not d's: that is what Xen checks first */
	b->port = (evtchn_port_t)port;
	evtchn_open_port(d, b->port, EVTCHNSTAT_pirq, 0)->pirq = b->pirq;
	t->pirq_port[b->pirq] = (uint32_t)port;
	pirq_aim(d, b->pirq, d->vcpu[0]);
	physdev_update_eoi(d, b->pirq);
	return 0;
}

static long op_bind_pirq(void *arg)
{
	struct evtchn_bind_pirq b;
	struct domain *d = current->domain;
	long rc;

	if (copy_from_guest(&b, arg, sizeof(b)))
		return -EFAULT;
	if (b.pirq >= NR_PIRQ)
		return -EINVAL;
	b.pirq = (uint32_t)index_nospec(b.pirq, NR_PIRQ);
	spin_lock(&d->evtchn.lock);
	rc = bind_pirq(d, &b);
	spin_unlock(&d->evtchn.lock);
	if (!rc && copy_to_guest(arg, &b, sizeof(b)))
		rc = -EFAULT;
	return rc;
}

static long op_close(const void *arg)
{
	struct evtchn_close c;

	if (copy_from_guest(&c, arg, sizeof(c)))
		return -EFAULT;
	return evtchn_close_port(current->domain, c.port);
}

static void status_fill(const struct evtchn *e, struct evtchn_status *s)
{
	s->status = e->state;
	s->vcpu = e->vcpu;
	switch (e->state) {
	case EVTCHNSTAT_unbound:
		s->u.unbound.dom = e->unbound.domid;
		break;
	case EVTCHNSTAT_interdomain:
		s->u.interdomain.dom = e->inter.peer->id;
		s->u.interdomain.port = e->inter.port;
		break;
	case EVTCHNSTAT_pirq:
		s->u.pirq = e->pirq;
		break;
	case EVTCHNSTAT_virq:
		s->u.virq = e->virq;
		break;
	}
}

static long op_status(void *arg)
{
	struct evtchn_status s;
	struct evtchn *e;
	struct domain *d;
	long rc = 0;

	if (copy_from_guest(&s, arg, sizeof(s)))
		return -EFAULT;
	d = domain_get(s.dom);
	if (!d)
		return -ESRCH;
	spin_lock(&d->evtchn.lock);
	e = evtchn_entry(&d->evtchn, s.port);
	if (!e)
		rc = -EINVAL;
	else if (!permitted(d))
		rc = -EPERM;
	else
		status_fill(e, &s);
	spin_unlock(&d->evtchn.lock);
	domain_put(d);
	if (!rc && copy_to_guest(arg, &s, sizeof(s)))
		rc = -EFAULT;
	return rc;
}

/* What belongs to a vcpu by its nature (its timer, an IPI to it) cannot notify another. */
static long op_bind_vcpu(const void *arg)
{
	struct evtchn_bind_vcpu b;
	struct domain *d = current->domain;
	struct evtchn *e;
	long rc = 0;

	if (copy_from_guest(&b, arg, sizeof(b)))
		return -EFAULT;
	if (!domain_vcpu(d, b.vcpu))
		return -ENOENT;
	spin_lock(&d->evtchn.lock);
	e = evtchn_entry(&d->evtchn, b.port);
	if (!e || e->state == EVTCHNSTAT_closed || e->state == EVTCHNSTAT_ipi ||
	    (e->state == EVTCHNSTAT_virq && !evtchn_virq_is_global(e->virq)))
		rc = -EINVAL;
	else
		e->vcpu = (uint16_t)b.vcpu;
	if (!rc && e->state == EVTCHNSTAT_pirq)
		pirq_aim(d, e->pirq, d->vcpu[b.vcpu]);
	spin_unlock(&d->evtchn.lock);
	return rc;
}

static long op_unmask(const void *arg)
{
	struct evtchn_unmask u;

	if (copy_from_guest(&u, arg, sizeof(u)))
		return -EFAULT;
	if (!evtchn_port_valid(current->domain, u.port))
		return -EINVAL;
	evtchn_unmask(current->domain, u.port);
	return 0;
}

static long op_reset(void *arg)
{
	struct evtchn_reset r;
	struct domain *d;
	uint32_t port;
	long rc = 0;

	if (copy_from_guest(&r, arg, sizeof(r)))
		return -EFAULT;
	d = domain_get(r.dom);
	if (!d)
		return -ESRCH;
	if (!permitted(d))
		rc = -EPERM;
	else if (d != current->domain && !d->ctl_pause_count)
		rc = -EINVAL;
	work_begin();
	for (port = 1; !rc && port < d->evtchn.ports && d->evtchn.active; port++) {
		if (evtchn_at(&d->evtchn, port)->state == EVTCHNSTAT_closed)
			continue;
		evtchn_close_port(d, port);
		/* Closed ports are passed over quickly, so the op just begins again. */
		if (work_spent(20))
			rc = hypercall_continue(__HYPERVISOR_event_channel_op, 2,
						(unsigned long)EVTCHNOP_reset, arg);
	}
	if (!rc) {
		spin_lock(&d->evtchn.lock);
		evtchn_fifo_end(d);
		spin_unlock(&d->evtchn.lock);
	}
	domain_put(d);
	return rc;
}

long evtchn_op(int cmd, void *arg)
{
	switch (cmd) {
	case EVTCHNOP_alloc_unbound:
		return op_alloc_unbound(arg);
	case EVTCHNOP_bind_interdomain:
		return op_bind_interdomain(arg);
	case EVTCHNOP_bind_virq:
		return op_bind_virq(arg);
	case EVTCHNOP_bind_ipi:
		return op_bind_ipi(arg);
	case EVTCHNOP_bind_pirq:
		return op_bind_pirq(arg);
	case EVTCHNOP_close:
		return op_close(arg);
	case EVTCHNOP_status:
		return op_status(arg);
	case EVTCHNOP_bind_vcpu:
		return op_bind_vcpu(arg);
	case EVTCHNOP_unmask:
		return op_unmask(arg);
	case EVTCHNOP_reset:
		return op_reset(arg);
	default:
		return evtchn_fifo_op(cmd, arg);
	}
}

long do_event_channel_op_compat(void *arg)
{
	struct evtchn_op *op = arg;
	uint32_t cmd;

	if (copy_from_guest(&cmd, &op->cmd, sizeof(cmd)))
		return -EFAULT;
	return cmd <= EVTCHNOP_unmask ? do_event_channel_op((int)cmd, &op->u) : -ENOSYS;
}
