/* SPDX-License-Identifier: MIT */
/*
 * The table of a domain's event channel ports: how it grows, which port is the next one, and how a
 * port closes whatever it was. Groups of ports are allocated as they are needed and stay.
 */
#include "console.h"
#include "evtchn_fifo.h"
#include "evtchn_table.h"
#include "frame.h"
#include "irq.h"

static NOINLINE int add_group(struct evtchn_table *t)
{
	struct evtchn **g = &t->group[t->ports / EVTCHN_GROUP];

	if (t->ports >= t->max)
		return -ENOSPC;
	if (!*g) /* it is there if the domain has been back at 2-level */
		*g = heap_alloc(EVTCHN_GROUP * sizeof(**g));
	if (!*g)
		return -ENOMEM;
	t->ports += EVTCHN_GROUP;
	if (nr_cpus == 1 && !t->fifo)
		t->ports_alone = t->ports;
	return 0;
}

int evtchn_find_port(struct domain *d)
{
	struct evtchn_table *t = &d->evtchn;
	uint32_t port, lowest = 0;
	int rc;

	if (d->dying)
		return -EINVAL;
	for (port = t->lowest; port < t->max; port++) {
		if (port >= t->ports && (rc = add_group(t)))
			return rc;
		if (evtchn_at(t, port)->state != EVTCHNSTAT_closed)
			continue;
		if (!lowest)
			t->lowest = lowest = port;
		if (likely(!t->fifo) || !evtchn_fifo_busy(d, port))
			return (int)port;
	}
	return -ENOSPC;
}

int evtchn_init(struct domain *d)
{
	d->evtchn.lowest = 1;
	d->evtchn.group = d->evtchn.group_2l;
	return add_group(&d->evtchn);
}

/* Makes the port closed and forgets its pending bit. Table locked. */
static void free_entry(struct domain *d, struct evtchn *e, uint32_t port)
{
	WRITE_ONCE(e->state, EVTCHNSTAT_closed);
	e->vcpu = 0;
	d->evtchn.active--;
	d->evtchn.lowest = MIN(d->evtchn.lowest, port);
	if (unlikely(d->evtchn.fifo))
		evtchn_fifo_clear(d, port);
	else
		bit_clear(d->shared->evtchn_pending, port);
}

/* Both tables locked. The other end keeps its number, its pending bit and its vcpu. */
static void close_interdomain(struct domain *d, struct evtchn *e, uint32_t port,
			      struct domain *peer)
{
	struct evtchn *remote = e->inter.end;

	BUG_ON(remote->state != EVTCHNSTAT_interdomain || remote->inter.peer != d);
	WRITE_ONCE(remote->state, EVTCHNSTAT_unbound);
	remote->unbound.domid = d->id;
	free_entry(d, e, port);
}

/* Its source, a virq or a pirq, forgets it. */
static NOINLINE void unbind(struct domain *d, struct evtchn *e, uint32_t port)
{
	uint32_t i;

	if (e->state == EVTCHNSTAT_pirq) {
		d->evtchn.pirq_port[e->pirq] = 0;
		pirq_unbind(d, (int)e->pirq);
		return;
	}
	for (i = 0; i < d->max_vcpus; i++)
		if (d->vcpu[i] && d->vcpu[i]->virq_port[e->virq] == port)
			d->vcpu[i]->virq_port[e->virq] = 0;
}

/*
 * Two tables are locked in the order of their addresses, but which is the second is known only
 * under the first: so that one is let go, both are taken in order, and it is looked whether the
 * port is still what it was. Comes with d's lock, goes without; false: it is not.
 */
static NOINLINE bool close_pair(struct domain *d, struct evtchn *e, uint32_t port)
{
	struct domain *peer = e->inter.peer;
	bool same;

	domain_hold(peer); /* over the time without a lock, in which its order is kept */
	spin_unlock(&d->evtchn.lock);
	evtchn_lock_pair(d, peer);
	same = e->state == EVTCHNSTAT_interdomain && e->inter.peer == peer;
	if (same)
		close_interdomain(d, e, port, peer);
	evtchn_unlock_pair(d, peer);
	if (same) {
		domain_put(peer); /* the port's own: one for each end */
		domain_put(d);
	}
	domain_put(peer);
	return same;
}

long evtchn_close_port(struct domain *d, uint32_t port)
{
	struct evtchn *e = evtchn_entry(&d->evtchn, port);

	if (!e)
		return -EINVAL;
	spin_lock(&d->evtchn.lock);
	while (e->state == EVTCHNSTAT_interdomain) {
		if (close_pair(d, e, port))
			return 0;
		spin_lock(&d->evtchn.lock); /* the other end closed, and left it unbound */
	}
	if (e->state == EVTCHNSTAT_closed) {
		spin_unlock(&d->evtchn.lock);
		return -EINVAL;
	}
	if (e->state == EVTCHNSTAT_virq || e->state == EVTCHNSTAT_pirq)
		unbind(d, e, port);
	free_entry(d, e, port);
	spin_unlock(&d->evtchn.lock);
	return 0;
}

/* Who opened a port before the domain died has done it when we get the lock. */
void evtchn_close_all(struct domain *d)
{
	struct evtchn_table *t = &d->evtchn;
	uint32_t port;

	spin_lock(&t->lock);
	spin_unlock(&t->lock);
	for (port = 1; port < t->ports && t->active; port++)
		evtchn_close_port(d, port);
	evtchn_fifo_end(d);
	evtchn_drop_virq_handlers(d);
}

void evtchn_destroy(struct domain *d)
{
	struct evtchn_table *t = &d->evtchn;
	uint32_t i, groups = t->group == t->group_2l ? ARRAY_SIZE(t->group_2l)
						     : EVTCHN_FIFO_NR_CHANNELS / EVTCHN_GROUP;

	if (!t->group) /* the domain was refused before it had a table */
		return;
	t->ports = 0;
	for (i = 0; i < groups && t->group[i]; i++)
		heap_free(t->group[i]);
	if (t->group != t->group_2l)
		heap_free(t->group);
	heap_free(t->fifo_kept);
	heap_free(t->pirq_port);
	t->pirq_port = NULL;
}
