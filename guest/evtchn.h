/* SPDX-License-Identifier: MIT */
/* Event channels: ports with handlers. */
#pragma once

#include "guest/types.h"

#include <xen/event_channel.h>

/*
 * Handlers run in the upcall, on the stack of whatever thread was interrupted, upcalls masked: they
 * may wake threads, start timers, notify, mask ports and look at shared rings; they may not sleep,
 * take a mutex or use malloc. Longer work belongs to a thread that the handler wakes. The pending
 * bit is cleared before the handler is called, so an event that comes while it runs calls it again.
 *
 * The handler may be called before the function that binds it has returned: what it needs must be
 * set up before. All functions but evtchn_notify, _mask and _unmask are for threads.
 */
typedef void (*evtchn_handler_t)(evtchn_port_t port, void *arg);

/* All of these return the local port (positive) or -errno. The port is unmasked on return. */
int evtchn_bind_interdomain(domid_t remote, evtchn_port_t remote_port, evtchn_handler_t fn,
			    void *arg);
int evtchn_alloc_unbound(domid_t remote, evtchn_handler_t fn, void *arg);
int evtchn_bind_virq(unsigned int virq, evtchn_handler_t fn, void *arg);

/* share: several ports of this domain may get the same physical interrupt. */
int evtchn_bind_pirq(unsigned int pirq, bool share, evtchn_handler_t fn, void *arg);

/* For a domain that we build: a port between `dom` and `remote`, not our own. */
int evtchn_alloc_for(domid_t dom, domid_t remote);

/* Take over a port that is bound already (console and store ports of start_info). 0 or -errno. */
int evtchn_attach(evtchn_port_t port, evtchn_handler_t fn, void *arg);

/* Forget the handler, keep the port open; and the whole: no handler runs after the return. */
void evtchn_detach(evtchn_port_t port);
void evtchn_unbind(evtchn_port_t port); /* detach and close */

/*
 * The vcpu whose upcalls serve the port from now on; 0 for every new port. A handler that runs at
 * this moment may end while the next event is served there. 0 or -errno.
 */
int evtchn_set_vcpu(evtchn_port_t port, unsigned int vcpu);

void evtchn_mask(evtchn_port_t port);
void evtchn_unmask(evtchn_port_t port); /* an event that is pending is delivered */

/* 0 or -errno; a peer that has gone is no error. */
int evtchn_notify(evtchn_port_t port);

/* EVTCHNSTAT_* of a port of ours, with the peer in *status; 0 or -errno. */
int evtchn_status(evtchn_port_t port, struct evtchn_status *status);

/* How often a handler was called since start. */
uint64_t evtchn_count(void);
