/* SPDX-License-Identifier: MIT */
/* Event channels, 2-level (<xen/event_channel.h>): 4096 ports to a domain. */
#pragma once

#include "types.h"
#include "spinlock.h"
#include <xen/event_channel.h>

#define EVTCHN_MAX   4096
#define EVTCHN_GROUP 64 /* ports allocated at once */

struct domain;
struct vcpu;

struct evtchn {
	uint8_t state; /* EVTCHNSTAT_* */
	uint16_t vcpu; /* whom it notifies */
	union {
		struct {
			domid_t domid; /* unbound: who may bind */
		} unbound;
		struct {
			struct domain *peer; /* holds a reference to it */
			struct evtchn *end;  /* the other end, an entry of peer's */
			uint32_t port;       /* its number */
		} inter;
		uint32_t pirq;
		uint32_t virq;
	};
};
_Static_assert(sizeof(struct evtchn) == 32, "a shift finds the entry");

struct evtchn_table {
	spinlock_t lock; /* guards states and bindings; of two domains, the one with the lower
			    address first */
	struct evtchn *group[EVTCHN_MAX / EVTCHN_GROUP];
	uint32_t max;        /* ports below this may be allocated */
	uint32_t ports;      /* allocated so far */
	uint32_t active;     /* not EVTCHNSTAT_closed; port 0 is reserved, never free */
	uint32_t lowest;     /* no closed port below this */
	uint16_t *pirq_port; /* by pirq; 0: unbound; NULL before the first */
};

int evtchn_init(struct domain *d);
void evtchn_destroy(struct domain *d); /* close all, free all; idempotent */
long do_event_channel_op(int cmd, void *arg);

/* The entry of a port that is known to be below t->ports. Closed ones have state EVTCHNSTAT_closed.
 */
static inline struct evtchn *evtchn_at(struct evtchn_table *t, uint32_t port)
{
	port = (uint32_t)index_nospec(port, t->ports);
	return &t->group[port / EVTCHN_GROUP][port % EVTCHN_GROUP];
}
/* Of any port; NULL beyond what is allocated. */
static inline struct evtchn *evtchn_entry(struct evtchn_table *t, uint32_t port)
{
	return likely(port < t->ports) ? evtchn_at(t, port) : NULL;
}

long do_event_channel_op_compat(void *arg);
long evtchn_send(struct domain *d, uint32_t port); /* 0, -EINVAL */
/* Pending, selector, upcall, wake: d's port, which notifies its vcpu v (NULL: there is none yet).
 */
void evtchn_set_pending(struct domain *d, struct vcpu *v, uint32_t port);
void evtchn_unmask(struct domain *d,
		   uint32_t port); /* and raise what was pending; port is allocated */
void evtchn_drop_virq_handlers(struct domain *d);
int evtchn_set_virq_handler(
	struct domain *d, uint32_t virq); /* who gets a global virq; -EINVAL not global, -EEXIST */
bool evtchn_virq_is_global(uint32_t virq);
void evtchn_send_virq(struct vcpu *v, uint32_t virq); /* per-vcpu virq; nothing if unbound */
void evtchn_send_global_virq(uint32_t virq); /* to the domain that handles it (dom0 by default) */
void evtchn_send_domain_virq(struct domain *d, uint32_t virq);
void evtchn_send_pirq(struct domain *d, uint32_t pirq);
bool evtchn_pending(struct vcpu *v);                       /* an unmasked upcall waits */
bool evtchn_port_pending(struct domain *d, uint32_t port); /* bit read once; port in range */
bool evtchn_port_valid(struct domain *d, uint32_t port);
void evtchn_mark_upcall(struct vcpu *v); /* evtchn_upcall_pending = 1 and wake or kick v */
void evtchn_move_info(struct vcpu *v); /* a vcpu_info was placed anew: everything may be pending */
