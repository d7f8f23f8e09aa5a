/* SPDX-License-Identifier: MIT */
/*
 * The network frontend: what its handshake (netfront_connect.c) and its data path (netfront.c)
 * share. Nothing else includes this: outside, a frontend is a netdev named vif0, vif1...
 */
#pragma once

#include "guest/clock.h"
#include "guest/evtchn.h"
#include "guest/gnttab.h"
#include "net/netdev.h"
#include "net/netring.h"
#include "net/packet_queue.h"
#include "net/poll.h"
#include "xenstore/xenbus.h"

#define NETFRONT_SLOTS 256 /* entries of each ring: __CONST_RING_SIZE of one page */

struct netfront_tx_slot {
	grant_ref_t ref;       /* 0: none yet; kept from one use to the next */
	uint16_t next;         /* of the free list */
	bool busy;             /* a request of ours is out */
	struct packet *packet; /* of which it sends a piece; one reference */
};

struct netfront_rx_slot {
	grant_ref_t ref; /* 0: none yet */
	uint8_t *page;   /* granted to the backend; NULL: nothing posted */
};

struct netfront {
	struct netdev dev;
	struct netfront *next;	      /* of all that there ever were; for the handshake */
	struct xenbus_device *xenbus; /* NULL: the device has gone, and may come back */
	domid_t backend;
	bool sg; /* the backend takes packets of several slots */

	/* Sending: with upcalls masked. */
	bool connected;
	struct netif_tx_front_ring tx;
	uint16_t tx_free; /* head of the free list; NETFRONT_SLOTS: empty */
	uint32_t tx_free_count;
	struct netfront_tx_slot tx_slots[NETFRONT_SLOTS];
	struct packet_queue backlog; /* packets that found no room */

	/* Receiving: on the network thread. */
	struct netif_rx_front_ring rx;
	uint32_t rx_target; /* buffers that the backend should have */
	struct netfront_rx_slot rx_slots[NETFRONT_SLOTS];
	struct poller poller;
	struct clock_timer retry; /* when there was no memory for buffers */

	/* The connection, for the handshake. */
	bool suspended; /* it was connected when the domain was suspended */
	grant_ref_t tx_ring_ref, rx_ring_ref;
	evtchn_port_t tx_port, rx_port; /* the same one when not split */
};

/* Sets up what lives as long as the device. */
void netfront_init(struct netfront *front);

/*
 * Starts on fresh rings: buffers are posted. The rings are initialised, ports and features set.
 */
void netfront_start(struct netfront *front);

/*
 * After the return neither ring is touched; grants stay, and netfront_continue goes on where it
 * stood. What the stack sends meanwhile is dropped.
 */
void netfront_pause(struct netfront *front);
void netfront_continue(struct netfront *front);

/*
 * After the return neither ring is touched, and everything granted for packets is revoked. What was
 * being sent is lost.
 */
void netfront_stop(struct netfront *front);

/* The handler of both ports. */
void netfront_event(evtchn_port_t port, void *arg);
