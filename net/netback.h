/* SPDX-License-Identifier: MIT */
/*
 * The network backend. A vif is one frontend's connection: a netdev that is a port of a switch.
 * Outside, only netback_start is of interest; the rest is what handshake (netback_connect.c) and
 * data path (netback.c for the guest's sending, netback_rx.c for its receiving) share.
 */
#pragma once

#include "guest/evtchn.h"
#include "guest/gnttab.h"
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

struct vif {
	struct netdev dev;
	struct xenbus_device *xenbus;
	struct net_switch *sw;
	domid_t frontend;

	/* On the network thread. */
	bool connected;
	bool sg; /* the frontend takes packets of several slots */
	struct netif_tx_back_ring tx;
	struct netif_rx_back_ring rx;
	struct packet_queue queue; /* for the guest, waiting for its buffers */
	uint64_t queue_bytes;
	struct poller poller;

	/* The connection, for the handshake. */
	struct gnttab_mapping tx_map, rx_map;
	evtchn_port_t tx_port, rx_port; /* the same one when not split */
};

/* The netdev's operations: packets for the guest. */
extern const struct netdev_ops vif_ops;

/* Packets from the guest, up to NET_BUDGET: how many, or -EPROTO. */
int vif_receive(struct vif *vif);

/* Fills the guest's buffers from the queue: 0, or -EPROTO. */
int vif_deliver(struct vif *vif);

/* The rings are ready: packets may flow; the handler of both ports; and the end of it. */
void vif_start(struct vif *vif);
void vif_event(evtchn_port_t port, void *arg);
bool vif_poll(struct poller *poller); /* an event may come before the connection is complete */
void vif_stop(struct vif *vif);
