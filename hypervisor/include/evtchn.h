/* SPDX-License-Identifier: MIT */
/*
 * Event channels (<xen/event_channel.h>): 4096 ports to a domain that uses the 2-level ABI, 131072
 * to one that uses FIFO.
 */
#pragma once

#include "types.h"
#include "spinlock.h"
#include <xen/event_channel.h>

#define EVTCHN_MAX   4096 /* of 2-level */
#define EVTCHN_GROUP 64   /* ports allocated at once */

struct domain;
struct vcpu;

struct evtchn {
	uint8_t state;     /* EVTCHNSTAT_* */
	uint8_t priority;  /* FIFO: of its events from now on */
	uint16_t vcpu;     /* whom it notifies */
	uint8_t fifo_vcpu; /* the queue on which it was last; under the fifo's lock */
	uint8_t fifo_queue;
	bool fifo_waits; /* came while there was no word for it */
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
	/* Guards states and bindings. Of two domains, that at the lower address first. */
	spinlock_t lock;
	struct evtchn **group; /* group_2l, or a larger one once FIFO was used */
	struct evtchn *group_2l[EVTCHN_MAX / EVTCHN_GROUP];
	bool fifo; /* which of the two is in use */
	struct evtchn_fifo
		*fifo_kept;   /* NULL before its first use; stays until the domain is freed */
	uint32_t limit;       /* the toolstack's: ports below it, in either */
	uint32_t max;         /* ports below this may be allocated */
	uint32_t ports;       /* allocated so far */
	uint32_t ports_alone; /* the same on a single processor at 2-level, else 0: evtchn.c */
	uint32_t active;      /* not EVTCHNSTAT_closed; port 0 is reserved, never free */
	uint32_t lowest;      /* no closed port below this */
	uint32_t *pirq_port;  /* by pirq; 0: unbound; NULL before the first */
};

int evtchn_init(struct domain *d);       /* -ENOMEM */
void evtchn_close_all(struct domain *d); /* for good: d is dying */
void evtchn_destroy(struct domain *d);   /* its memory; nobody looks at it any more */

/*
 * The entry of a port that is below t->ports; a guest's number is clamped. Closed ones have one
 * too.
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

/* EVTCHNOP_send of d: to the other end, to its own vcpu for an IPI, to nobody yet. 0, -EINVAL. */
long evtchn_send(struct domain *d, uint32_t port);
/* A port of vcpu 0, if that was made yet: the protocol of pending bit, selector, upcall, wake. */
void evtchn_set_pending(struct domain *d, uint32_t port);
void evtchn_unmask(struct domain *d, uint32_t port); /* raises what waited; port < d's ports */

/* Interrupts that become events. Nothing happens while they are not bound. */
void evtchn_send_virq(struct vcpu *v, uint32_t virq);
void evtchn_send_global_virq(uint32_t virq); /* to who handles it: dom0 unless another was set */
void evtchn_send_domain_virq(struct domain *d, uint32_t virq);
struct vcpu *evtchn_send_pirq(struct domain *d, uint32_t pirq); /* whom it notifies, or NULL */
bool evtchn_virq_is_global(uint32_t virq); /* of a domain rather than of a vcpu */
int evtchn_set_virq_handler(struct domain *d, uint32_t virq); /* -EINVAL: not global */
void evtchn_drop_virq_handlers(struct domain *d);

bool evtchn_pending(struct vcpu *v); /* an upcall waits, unmasked */
bool evtchn_port_valid(struct domain *d, uint32_t port);
bool evtchn_port_pending(struct domain *d, uint32_t port); /* port < d's ports */
void evtchn_mark_upcall(struct vcpu *v); /* evtchn_upcall_pending = 1, and wake or kick v */
void evtchn_move_info(struct vcpu *v);   /* its vcpu_info is a new one: all may be pending */

long do_event_channel_op(int cmd, void *arg);
long evtchn_op(int cmd, void *arg); /* what is not EVTCHNOP_send */
long do_event_channel_op_compat(void *arg);
