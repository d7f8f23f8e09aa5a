/* SPDX-License-Identifier: MIT */
/*
 * Event channels: sending. The state of ports is changed by evtchn_op.c, under the table's lock.
 *
 * With one processor senders take no lock: nothing changes while they look. With several, a guest's
 * send takes the lock of its own table: a port's binding is several words, and no end of it changes
 * without both locks. What the hypervisor itself sends (virqs, pirqs) reads one word of the port,
 * the vcpu; groups of ports and vcpus stay until the domain is freed, and that is only when no
 * processor is in the middle of an operation that began before (quiet.h). So a racing close
 * leads at worst to one event too many, which guests must expect.
 */
#include "console.h"
#include "domain.h"
#include "sched.h"
#include "vcpu.h"

static struct domain *virq_handler[NR_VIRQS]; /* NULL: dom0; holds a reference */

/* The exit path looks at the byte itself: only a vcpu that sleeps or runs elsewhere needs more. */
void evtchn_mark_upcall(struct vcpu *v)
{
	if (__atomic_exchange_n(&v->info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST))
		return;
	/*
	 * The byte stands (a locked store) before `running` is read; who comes onto a processor
	 * says so before the way out looks at the byte (the load of CR3 is between).
	 */
	if (!sched_unblock(v) && v->running)
		cpu_kick(v->cpu);
}

/*
 * Vcpus in SCHEDOP_poll sleep with upcalls masked: the pending bit of one of their ports ends it.
 */
static NOINLINE void wake_pollers(struct domain *d, uint32_t port)
{
	uint64_t mask = READ_ONCE(d->poll_mask);
	unsigned i;

	for (; mask; mask &= mask - 1) {
		i = bits_lowest(mask);
		if (!d->vcpu[i]->poll_port || d->vcpu[i]->poll_port == port)
			(void)sched_unblock(d->vcpu[i]);
	}
}

/*
 * Each step only if the one before changed something: a port that is pending already, or masked, or
 * whose word is selected already, costs one locked instruction. The poll mask is read after the
 * pending bit is set (schedop.c).
 */
static inline void raise(struct domain *d, struct vcpu *v, uint32_t port)
{
	struct shared_info *s = d->shared;

	if (bit_test_and_set(s->evtchn_pending, port))
		return;
	if (likely(v) && !bit_test(s->evtchn_mask, port) &&
	    !bit_test_and_set(&v->info->evtchn_pending_sel, port / BITS_PER_LONG))
		evtchn_mark_upcall(v);
	if (unlikely(READ_ONCE(d->poll_mask)))
		wake_pollers(d, port);
}

void evtchn_set_pending(struct domain *d, struct vcpu *v, uint32_t port)
{
	raise(d, v, port);
}

/* As the guest could do it, but without losing an event that comes between its two steps. */
void evtchn_unmask(struct domain *d, uint32_t port)
{
	struct shared_info *s = d->shared;
	struct vcpu *v = d->vcpu[evtchn_at(&d->evtchn, port)->vcpu];

	if (bit_test_and_clear(s->evtchn_mask, port) && bit_test(s->evtchn_pending, port) && v &&
	    !bit_test_and_set(&v->info->evtchn_pending_sel, port / BITS_PER_LONG))
		evtchn_mark_upcall(v);
}

static long send(struct domain *d, uint32_t port)
{
	struct evtchn *e;
	struct domain *peer;

	if (unlikely(port >= d->evtchn.ports))
		return -EINVAL;
	e = evtchn_at(&d->evtchn, port);
	if (likely(e->state == EVTCHNSTAT_interdomain)) {
		peer = e->inter.peer;
		raise(peer, peer->vcpu[e->inter.end->vcpu], e->inter.port);
		return 0;
	}
	if (e->state == EVTCHNSTAT_ipi) {
		raise(d, d->vcpu[e->vcpu], port);
		return 0;
	}
	return e->state == EVTCHNSTAT_unbound ? 0 : -EINVAL;
}

static NOINLINE long send_locked(struct domain *d, uint32_t port)
{
	long rc;

	spin_lock(&d->evtchn.lock);
	rc = send(d, port);
	spin_unlock(&d->evtchn.lock);
	return rc;
}

long evtchn_send(struct domain *d, uint32_t port)
{
	return likely(nr_cpus == 1) ? send(d, port) : send_locked(d, port);
}

void evtchn_send_virq(struct vcpu *v, uint32_t virq)
{
	uint32_t port = v->virq_port[virq];
	struct domain *d = v->domain;

	if (port)
		evtchn_set_pending(d, d->vcpu[evtchn_at(&d->evtchn, port)->vcpu], port);
}

void evtchn_send_domain_virq(struct domain *d, uint32_t virq)
{
	if (d->vcpu[0])
		evtchn_send_virq(d->vcpu[0], virq);
}

bool evtchn_virq_is_global(uint32_t virq)
{
	return virq != VIRQ_TIMER && virq != VIRQ_DEBUG && virq != VIRQ_XENOPROF &&
	       virq != VIRQ_XENPMU;
}

void evtchn_send_global_virq(uint32_t virq)
{
	struct domain *handler = READ_ONCE(virq_handler[virq]), *d = handler ? handler : dom0;

	if (d)
		evtchn_send_domain_virq(d, virq);
}

int evtchn_set_virq_handler(struct domain *d, uint32_t virq)
{
	struct domain *old;

	if (virq >= NR_VIRQS || !evtchn_virq_is_global(virq) || d->dying)
		return -EINVAL;
	old = virq_handler[index_nospec(virq, NR_VIRQS)];
	if (old == d)
		return 0;
	domain_hold(d);
	virq_handler[virq] = d;
	if (old)
		domain_put(old);
	return 0;
}

void evtchn_drop_virq_handlers(struct domain *d)
{
	unsigned i;

	for (i = 0; i < NR_VIRQS; i++)
		if (virq_handler[i] == d) {
			virq_handler[i] = NULL;
			domain_put(d);
		}
}

void evtchn_send_pirq(struct domain *d, uint32_t pirq)
{
	uint16_t *ports = READ_ONCE(d->evtchn.pirq_port);
	uint32_t port = ports ? READ_ONCE(ports[pirq]) : 0;

	if (port)
		evtchn_set_pending(d, d->vcpu[evtchn_at(&d->evtchn, port)->vcpu], port);
}

bool evtchn_pending(struct vcpu *v)
{
	return READ_ONCE(v->info->evtchn_upcall_pending) && !READ_ONCE(v->info->evtchn_upcall_mask);
}

bool evtchn_port_valid(struct domain *d, uint32_t port)
{
	return port < d->evtchn.ports;
}

bool evtchn_port_pending(struct domain *d, uint32_t port)
{
	return bit_test(d->shared->evtchn_pending, port);
}

/* Set the byte to 0 first, else marking would take it for known. */
void evtchn_move_info(struct vcpu *v)
{
	WRITE_ONCE(v->info->evtchn_pending_sel, ~0UL);
	WRITE_ONCE(v->info->evtchn_upcall_pending, 0);
	evtchn_mark_upcall(v);
}
