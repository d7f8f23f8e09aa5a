/* SPDX-License-Identifier: MIT */
/*
 * The network backend. A vif is one frontend's connection: a netdev that is a port of a switch.
 * Outside, only netback_start is of interest; the rest is what handshake (netback_connect.c) and
 * data path (netback.c for the guest's sending, netback_rx.c for its receiving) share.
 */
#pragma once

#include "guest/clock.h"
#include "guest/evtchn.h"
#include "guest/gnttab.h"
#include "guest/spinlock.h"
#include "net/mcast.h"
#include "net/netdev.h"
#include "net/netring.h"
#include "net/packet_queue.h"
#include "net/poll.h"
#include "net/switch.h"
#include "xenstore/xenbus.h"

/*
 * Serves the frontends of other domains from now on. A vif joins the switch that its node `bridge`
 * names (without such a node: default_switch). 0 or -errno.
 */
int netback_start(const char *default_switch);

/* --- Between the backend's files ------------------------------------------------------------- */

#define VIF_QUEUES_MAX NET_THREADS_MAX

struct vif;

/* One of a connection's queues: a pair of rings, served by one network thread. */
struct vif_queue {
	struct vif *vif;

	/* On the queue's network thread. */
	struct netif_tx_back_ring tx;
	struct netif_rx_back_ring rx;
	struct poller poller;

	/* With the lock: packets for the guest, waiting for its buffers. */
	struct spinlock lock;
	struct packet_queue queue;
	uint64_t queue_bytes;
	struct clock_timer look_again; /* at a frontend that does not notify of buffers */

	/* The connection, for the handshake. */
	struct gnttab_mapping tx_map, rx_map;
	evtchn_port_t tx_port, rx_port; /* the same one when not split */
};

struct vif {
	struct netdev dev;
	struct xenbus_device *xenbus;
	struct net_switch *sw;
	domid_t frontend;

	/* Set before packets flow, and constant while they do. */
	bool connected;
	bool sg;	/* the frontend takes packets of several slots */
	bool rx_notify; /* it tells when it has posted buffers */
	unsigned int broken; /* how often its rings made no sense */
	unsigned int queue_count;
	struct vif_queue *queues[VIF_QUEUES_MAX]; /* made when first needed, freed with the vif */

	struct spinlock filter_lock;
	struct mcast_filter filter; /* with filter_lock; `on` is read without */
};

/* The netdev's operations: packets for the guest. */
extern const struct netdev_ops vif_ops;

/* Memory for the batches of each network thread, once: 0 or -ENOMEM. */
int vif_tx_init(void);
int vif_rx_init(void);

/* Packets from the guest, up to NET_BUDGET: how many, or -EPROTO. */
int vif_receive(struct vif_queue *q);

/* Fills the guest's buffers from the queue: 0, or -EPROTO. */
int vif_deliver(struct vif_queue *q);

/* The multicast filter: an order of the frontend (0, -ENOSPC, -ENOENT), and a packet's fate. */
int vif_mcast_order(struct vif *vif, enum netring_mcast order, const uint8_t addr[6]);
bool vif_mcast_wanted(struct vif *vif, const struct packet *packet);

/* A queue without connection; NULL without memory. */
struct vif_queue *vif_queue_create(struct vif *vif, unsigned int index);

/* The rings are ready: packets may flow; the handler of all ports; and the end of it. */
void vif_start(struct vif *vif);
void vif_event(evtchn_port_t port, void *queue);
void vif_stop(struct vif *vif);
