/* SPDX-License-Identifier: MIT */
/* Event channels, 2-level (<xen/event_channel.h>): 4096 ports to a domain. */
#pragma once

#include "types.h"
#include "spinlock.h"
#include <xen/event_channel.h>

#define EVTCHN_MAX 4096
#define EVTCHN_GROUP 64 /* ports allocated at once */

struct domain;
struct vcpu;

struct evtchn {
	uint8_t state; /* EVTCHNSTAT_* */
	bool masked_irq; /* pirq whose eoi the guest owes */
	uint16_t vcpu; /* whom it notifies */
	union {
		struct {
			domid_t domid; /* unbound: who may bind */
		} unbound;
		struct {
			struct domain *peer; /* holds a reference to it */
			uint32_t port;
		} inter;
		uint32_t pirq;
		uint32_t virq;
	};
};

struct evtchn_table {
	spinlock_t lock; /* guards states and bindings; of two domains, the one with the lower address first */
	struct evtchn *group[EVTCHN_MAX / EVTCHN_GROUP];
	uint32_t ports; /* allocated so far */
	uint32_t active; /* not EVTCHNSTAT_closed; port 0 is reserved, never free */
	uint16_t *pirq_port; /* by pirq; 0: unbound */
	uint32_t virq_global[NR_VIRQS]; /* ports of global virqs, 0: none */
};

int evtchn_init(struct domain *d);
void evtchn_destroy(struct domain *d); /* close all, free all; idempotent */
long do_event_channel_op(int cmd, void *arg);

int evtchn_send(struct domain *d, uint32_t port); /* 0, -EINVAL */
void evtchn_set_pending(struct vcpu *v, uint32_t port); /* protocol: pending, selector, upcall, wake */
void evtchn_send_virq(struct vcpu *v, uint32_t virq); /* per-vcpu virq; nothing if unbound */
void evtchn_send_global_virq(uint32_t virq); /* to the domain that handles it (dom0 by default) */
void evtchn_send_domain_virq(struct domain *d, uint32_t virq);
void evtchn_send_pirq(struct domain *d, uint32_t pirq);
bool evtchn_pending(struct vcpu *v); /* an unmasked upcall waits */
bool evtchn_port_pending(struct domain *d, uint32_t port); /* bit read once; port in range */
bool evtchn_port_valid(struct domain *d, uint32_t port);
void evtchn_mark_upcall(struct vcpu *v); /* evtchn_upcall_pending = 1 and wake or kick v */
void evtchn_move_info(struct vcpu *v); /* a vcpu_info was placed anew: everything may be pending */
