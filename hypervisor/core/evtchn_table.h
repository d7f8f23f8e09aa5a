/* SPDX-License-Identifier: MIT */
/* Between the operations on ports and the table that they are in (evtchn_table.c). */
#pragma once

#include "domain.h"

/* The two may be the same domain, bound to itself. */
static inline void evtchn_lock_pair(struct domain *a, struct domain *b)
{
	struct domain *first = a < b ? a : b;

	spin_lock(&first->evtchn.lock);
	if (a != b)
		spin_lock(&(first == a ? b : a)->evtchn.lock);
}

static inline void evtchn_unlock_pair(struct domain *a, struct domain *b)
{
	spin_unlock(&a->evtchn.lock);
	if (a != b)
		spin_unlock(&b->evtchn.lock);
}

/* The lowest closed port, or -errno. Table locked. */
int evtchn_find_port(struct domain *d);

/* The same, where it is the first one that is looked at. */
static inline int evtchn_free_port(struct domain *d)
{
	struct evtchn_table *t = &d->evtchn;
	uint32_t port = t->lowest;

	if (unlikely(d->dying | t->fifo | (port >= MIN(t->ports, t->max))) ||
	    t->group_2l[port / EVTCHN_GROUP][port % EVTCHN_GROUP].state != EVTCHNSTAT_closed)
		return evtchn_find_port(d);
	return (int)port;
}

/* The state goes last: senders look at it without the lock. */
static inline struct evtchn *evtchn_open_port(struct domain *d, uint32_t port, uint8_t state,
					      uint32_t vcpu)
{
	struct evtchn *e = evtchn_at(&d->evtchn, port);

	e->vcpu = (uint16_t)vcpu;
	e->priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
	d->evtchn.active++;
	WRITE_ONCE(e->state, state);
	return e;
}

/* Table unlocked. 0; -EINVAL: there is no such port, or it is closed. */
long evtchn_close_port(struct domain *d, uint32_t port);
