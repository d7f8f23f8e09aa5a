/* SPDX-License-Identifier: MIT */
/*
 * A network device as the layer above sees it: netfront, virtio-net, a backend's vif, a bridge's
 * port into this domain. The layer above is the bridge or the lwIP port.
 */
#pragma once

#include "lib/list.h"
#include "net/offload.h"
#include "net/packet.h"

#define NETDEV_NAME_MAX 16

struct netdev;

struct netdev_ops {
	/*
	 * Takes the packet over and queues it for sending, or drops and counts it. From any thread,
	 * also from several at once; dev->offloads cover what the packet needs.
	 */
	void (*transmit)(struct netdev *dev, struct packet *packet);
	/* Ends a burst of transmit: what was queued is shown to the other side, with one notice. */
	void (*flush)(struct netdev *dev);
};

/* Embedded in what the layer above keeps for a device. Called on network threads. */
struct netdev_upper {
	/* A burst of packets, linked by `link`: takes them over and leaves the list empty. */
	void (*receive)(struct netdev_upper *upper, struct list *packets);
	void (*link_changed)(struct netdev_upper *upper, bool up); /* from any thread; or NULL */
};

struct netdev {
	struct list link; /* registered devices, only on the network thread */
	char name[NETDEV_NAME_MAX];
	const struct netdev_ops *ops;
	struct netdev_upper *upper; /* NULL: what arrives is dropped */
	uint8_t mac[6];
	uint16_t mtu;      /* of the payload, without the Ethernet header */
	uint32_t offloads; /* OFFLOAD_* that the other side takes */
	bool up;
	bool optional; /* the stack uses it only when told an address for it */
	struct { /* by netdev_count */
		uint64_t rx_packets, rx_bytes, rx_dropped;
		uint64_t tx_packets, tx_bytes, tx_dropped;
	} stats;
};

/* Makes the device findable. name is set, everything else from zero; not from the net thread. */
void netdev_register(struct netdev *dev);
void netdev_unregister(struct netdev *dev);

/* The first registered device without an upper layer, or NULL. */
struct netdev *netdev_find_free(void);

/* Calls visit for each registered device, on the network thread. */
void netdev_for_each(void (*visit)(struct netdev *dev, void *arg), void *arg);

/* Gives the device its upper layer, or takes it away (NULL): nothing is delivered after that. */
void netdev_attach(struct netdev *dev, struct netdev_upper *upper);

/*
 * Sends a packet, which it takes over, after doing in software what the device cannot take over.
 * netdev_flush must follow before the caller rests.
 */
void netdev_transmit(struct netdev *dev, struct packet *packet);

static inline void netdev_flush(struct netdev *dev)
{
	dev->ops->flush(dev);
}

/* For drivers: what arrived, in bursts, on a network thread; and the link's state. */
void netdev_receive(struct netdev *dev, struct list *packets);
void netdev_set_link(struct netdev *dev, bool up);

/* Several threads count at once. */
static inline void netdev_count(uint64_t *statistic, uint64_t n)
{
	__atomic_fetch_add(statistic, n, __ATOMIC_RELAXED);
}
