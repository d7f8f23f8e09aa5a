/* SPDX-License-Identifier: MIT */
/*
 * The network frontend: what its handshake (netfront_connect.c) and its data path (netfront.c)
 * share. Nothing else includes this: outside, a frontend is a netdev named vif0, vif1...
 */
#pragma once

#include "guest/clock.h"
#include "guest/evtchn.h"
#include "guest/gnttab.h"
#include "guest/spinlock.h"
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

#define NETFRONT_QUEUES_MAX NET_THREADS_MAX

struct netfront;

/* A pair of rings. The stack's packets come to it by their flow, from any thread. */
struct netfront_queue {
	struct netfront *front;

	/* Sending: with the lock. */
	struct spinlock lock;
	struct netif_tx_front_ring tx;
	uint16_t tx_free; /* head of the free list; NETFRONT_SLOTS: empty */
	uint32_t tx_free_count;
	struct netfront_tx_slot tx_slots[NETFRONT_SLOTS];
	struct packet_queue backlog; /* packets that found no room */

	/* Receiving: on the queue's network thread. */
	struct netif_rx_front_ring rx;
	struct netfront_rx_slot rx_slots[NETFRONT_SLOTS];
	struct poller poller;
	struct clock_timer retry; /* when there was no memory for buffers */

	/* The connection, for the handshake. */
	grant_ref_t tx_ring_ref, rx_ring_ref;
	evtchn_port_t tx_port, rx_port; /* the same one when not split */
};

struct netfront {
	struct netdev dev;
	struct netfront *next;	      /* of all that there ever were; for the handshake */
	struct xenbus_device *xenbus; /* NULL: the device has gone, and may come back */
	bool suspended;		      /* it was connected when the domain was suspended */

	/* Set before packets flow, and constant while they do. */
	bool connected;
	domid_t backend;
	bool sg;	    /* the backend takes packets of several slots */
	uint32_t rx_target; /* buffers that the backend should have of each queue */
	unsigned int queue_count;
	struct netfront_queue *queues[NETFRONT_QUEUES_MAX]; /* stay once they are made */
};

/* Sets up what lives as long as the device; and a queue of it, NULL without memory. */
void netfront_init(struct netfront *front);
struct netfront_queue *netfront_queue_create(struct netfront *front, unsigned int index);

/*
 * Starts on fresh rings: buffers are posted. The rings are initialised, ports and features set.
 */
void netfront_start(struct netfront *front);

/*
 * After the return no ring is touched; grants stay, and netfront_continue goes on where it stood.
 * What the stack sends meanwhile is dropped.
 */
void netfront_pause(struct netfront *front);
void netfront_continue(struct netfront *front);

/*
 * After the return no ring is touched, and everything granted for packets is revoked. What was
 * being sent is lost.
 */
void netfront_stop(struct netfront *front);

/* The handler of all ports. */
void netfront_event(evtchn_port_t port, void *queue);

/* --- Between the data path's files ----------------------------------------------------------- */

extern const struct netdev_ops netfront_ops;

/* Frees what was answered, and sends what waited; false: the backend breaks the rules. */
bool netfront_tx_serve(struct netfront_queue *q);
void netfront_tx_start(struct netfront_queue *q);
void netfront_tx_stop(struct netfront_queue *q);

/* Appends up to NET_BUDGET packets to the burst: how many, or -EPROTO. Posts buffers. */
int netfront_rx_serve(struct netfront_queue *q, struct list *burst);
void netfront_rx_refill(struct netfront_queue *q);
void netfront_rx_stop(struct netfront_queue *q);
