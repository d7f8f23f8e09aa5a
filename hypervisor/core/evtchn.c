/* SPDX-License-Identifier: MIT */
/*
 * Event channels: sending. The state of ports is changed by evtchn_op.c and evtchn_table.c, under
 * the table's lock. A send checks the port (bounded and clamped) and its state; what it does is
 * five steps at most, each only if the one before changed something: the pending bit, the mask, the
 * selector, the upcall byte, the receiver's sleep.
 *
 * With one processor senders take no lock: nothing changes while they look. With several, a guest's
 * send takes the lock of its own table: a port's binding is several words, and no end of it changes
 * without both locks. What the hypervisor itself sends (virqs, pirqs) reads one word of the port,
 * the vcpu; groups of ports and vcpus stay until the domain is freed, and that is only when no
 * processor is in the middle of an operation that began before (quiet.h). So a racing close
 * leads at worst to one event too many, which guests must expect.
 *
 * All this is the 2-level ABI; what a domain with FIFO gets goes to evtchn_fifo.c.
 */
#include "access.h"
#include "console.h"
#include "domain.h"
#include "evtchn_fifo.h"
#include "sched.h"
#include "vcpu.h"

static struct domain *virq_handler[NR_VIRQS]; /* NULL: dom0; holds a reference */

static void wake(struct vcpu *v)
{
	/*
	 * The byte stands (a locked store) before `running` is read; who comes onto a processor
	 * says so before the way out looks at the byte (the load of CR3 is between).
	 */
	if (!sched_unblock(v) && v->running)
		cpu_kick(v->cpu);
}

/*
 * The upcall byte. True: wake him. The way out looks at the byte itself, so only a vcpu that sleeps
 * or runs elsewhere needs that. Who runs here sleeps only if it said so in this very operation, of
 * a multicall.
 */
static inline bool mark(struct vcpu *v)
{
	return !__atomic_exchange_n(&v->info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST) &&
	       (v != current || unlikely(READ_ONCE(v->blocked)));
}

void evtchn_mark_upcall(struct vcpu *v)
{
	if (mark(v))
		wake(v);
}

/*
 * Vcpus in SCHEDOP_poll sleep with upcalls masked: the pending bit of one of their ports ends it.
 */
void evtchn_wake_pollers(struct domain *d, uint32_t port)
{
	uint64_t mask = READ_ONCE(d->poll_mask);
	unsigned i;

	for (; mask; mask &= mask - 1) {
		i = bits_lowest(mask);
		if (!d->vcpu[i]->poll_port || d->vcpu[i]->poll_port == port)
			(void)sched_unblock(d->vcpu[i]);
	}
}

/* The rest of raise where somebody sleeps. */
static NOINLINE long raised(struct domain *d, struct vcpu *v, uint32_t port)
{
	if (v)
		wake(v);
	if (READ_ONCE(d->poll_mask))
		evtchn_wake_pollers(d, port);
	return 0;
}

/*
 * To the vcpu of that number, if it was made yet. 0. A port that is pending already, or masked, or
 * whose word is selected already, costs one locked instruction. The poll mask is read after the
 * pending bit is set (schedop.c).
 */
static inline __attribute__((always_inline)) long raise(struct domain *d, const uint16_t *vcpu,
							 uint64_t port)
{
	struct shared_info *s = d->shared;
	struct vcpu *v;

	if (bts_locked(s->evtchn_pending, port))
		return 0;
	if (!bt(s->evtchn_mask, port)) {
		v = d->vcpu[*vcpu];
		if (likely(v) &&
		    !bts_locked(&v->info->evtchn_pending_sel, port / BITS_PER_LONG) && mark(v))
			return raised(d, v, (uint32_t)port);
	}
	return likely(!d->poll_mask) ? 0 : raised(d, NULL, (uint32_t)port);
}

/* d's own port, whose entry there is. */
static void raise_own(struct domain *d, uint32_t port)
{
	const uint16_t *vcpu = &evtchn_at(&d->evtchn, port)->vcpu;

	if (unlikely(READ_ONCE(d->evtchn.fifo)))
		(void)evtchn_fifo_raise(d, *vcpu, port);
	else if (likely(port < EVTCHN_MAX)) /* else d has gone back to 2-level in this moment */
		(void)raise(d, vcpu, port);
}

void evtchn_set_pending(struct domain *d, uint32_t port)
{
	static const uint16_t first = 0;

	if (unlikely(d->evtchn.fifo))
		(void)evtchn_fifo_raise(d, first, port);
	else
		(void)raise(d, &first, port);
}

/* As the guest could do it, but without losing an event that comes between its two steps. */
void evtchn_unmask(struct domain *d, uint32_t port)
{
	struct shared_info *s = d->shared;
	struct vcpu *v = d->vcpu[evtchn_at(&d->evtchn, port)->vcpu];

	if (unlikely(READ_ONCE(d->evtchn.fifo))) {
		evtchn_fifo_unmask(d, port);
		return;
	}
	if (port >= EVTCHN_MAX)
		return;
	if (bit_test_and_clear(s->evtchn_mask, port) && bit_test(s->evtchn_pending, port) && v &&
	    !bit_test_and_set(&v->info->evtchn_pending_sel, port / BITS_PER_LONG))
		evtchn_mark_upcall(v);
}

static NOINLINE long send_peer(const struct evtchn *e)
{
	struct domain *peer = e->inter.peer;

	if (likely(e->state == EVTCHNSTAT_interdomain))
		return unlikely(peer->evtchn.fifo) ?
			       evtchn_fifo_raise(peer, e->inter.end->vcpu, e->inter.port) :
			       raise(peer, &e->inter.end->vcpu, e->inter.port);
	return e->state == EVTCHNSTAT_unbound ? 0 : -EINVAL;
}

/* Port is below d's ports, clamped, and of 2-level. */
static inline __attribute__((always_inline)) long send(struct domain *d, uint64_t port)
{
	struct evtchn *e = &d->evtchn.group_2l[port / EVTCHN_GROUP][port % EVTCHN_GROUP];

	return e->state == EVTCHNSTAT_ipi ? raise(d, &e->vcpu, port) : send_peer(e);
}

static NOINLINE long send_fifo(struct domain *d, uint32_t port)
{
	struct evtchn *e = evtchn_at(&d->evtchn, port);

	return e->state == EVTCHNSTAT_ipi ? evtchn_fifo_raise(d, e->vcpu, port) : send_peer(e);
}

static NOINLINE long send_locked(struct domain *d, uint32_t port)
{
	long rc = -EINVAL;

	cpu_kicks_hold();
	spin_lock(&d->evtchn.lock);
	if (port < d->evtchn.ports)
		rc = unlikely(d->evtchn.fifo) ? send_fifo(d, port) :
						send(d, index_nospec(port, d->evtchn.ports));
	spin_unlock(&d->evtchn.lock);
	cpu_kicks_send();
	return rc;
}

/* One processor and 2-level have the number of ports twice: one comparison tells that all hold. */
static inline long send_any(struct domain *d, uint32_t port)
{
	return send(d, index_below32(port, d->evtchn.ports_alone, locked));
locked:
	return send_locked(d, port);
}

long evtchn_send(struct domain *d, uint32_t port)
{
	return send_any(d, port);
}

long do_event_channel_op(int cmd, void *arg)
{
	const guest_u32 *words = arg;
	uint32_t port;

	if (unlikely(cmd != EVTCHNOP_send))
		return evtchn_op(cmd, arg);
	if (unlikely(copy_from_guest(&port, words, sizeof(port)))) /* struct evtchn_send */
		return -EFAULT;
	return send_any(current->domain, port);
}

void evtchn_send_virq(struct vcpu *v, uint32_t virq)
{
	uint32_t port = v->virq_port[virq];
	struct domain *d = v->domain;

	if (port)
		raise_own(d, port);
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

struct vcpu *evtchn_send_pirq(struct domain *d, uint32_t pirq)
{
	uint32_t *ports = READ_ONCE(d->evtchn.pirq_port);
	uint32_t port = ports ? READ_ONCE(ports[pirq]) : 0;

	if (!port)
		return NULL;
	raise_own(d, port);
	return d->vcpu[evtchn_at(&d->evtchn, port)->vcpu];
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
	if (unlikely(READ_ONCE(d->evtchn.fifo)))
		return evtchn_fifo_pending(d, port);
	return port < EVTCHN_MAX && bit_test(d->shared->evtchn_pending, port);
}

/* Set the byte to 0 first, else marking would take it for known. */
void evtchn_move_info(struct vcpu *v)
{
	WRITE_ONCE(v->info->evtchn_pending_sel, ~0UL);
	WRITE_ONCE(v->info->evtchn_upcall_pending, 0);
	evtchn_mark_upcall(v);
}
