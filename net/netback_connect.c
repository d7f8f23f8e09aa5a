/* SPDX-License-Identifier: MIT */
/*
 * The backend's handshake (xen/io/netif.h): features are told before we wait for the frontend;
 * its rings are mapped and its ports bound when it says that they are there. There may be a queue
 * for each network thread. There is no control ring, and so no hash that a frontend could choose:
 * its node is not there, and a frontend that sends one all the same is refused.
 */

#include "net/netback.h"

#include <errno.h>
#include <stdlib.h>

#include "guest/param.h"
#include "lib/format.h"

/* Guests are rarely more than one station; nested bridges are a few. */
#define VIF_ADDRESSES 64

PARAM(netback_queues, "N: how many queues a vif may have; one for each vcpu if left out");

static const char *default_bridge;
static unsigned int max_queues;

static const struct {
	const char *node;
	unsigned int value;
} offered[] = {
	{ "feature-rx-copy", 1 },
	{ "feature-rx-flip", 0 },
	{ "feature-sg", 1 },
	{ "feature-gso-tcpv4", 1 },
	{ "feature-gso-tcpv6", 1 },
	{ "feature-ipv6-csum-offload", 1 },
	{ "feature-split-event-channels", 1 },
	{ "feature-multicast-control", 1 },
};

static int write_features(xs_tx_t tx, void *arg)
{
	const struct xenbus_device *xenbus = arg;
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(offered) && !err; i++)
		err = xs_printf(tx, xenbus->path, offered[i].node, "%u", offered[i].value);
	if (!err)
		err = xs_printf(tx, xenbus->path, "multi-queue-max-queues", "%u", max_queues);
	return err;
}

static uint32_t frontend_feature(const struct vif *vif, const char *name)
{
	return xs_read_u32_or(XS_NO_TX, vif->xenbus->peer, name, 0);
}

/* --- Connecting ------------------------------------------------------------------------------ */

static void read_features(struct vif *vif)
{
	struct netdev *dev = &vif->dev;

	vif->sg = frontend_feature(vif, "feature-sg");
	vif->rx_notify = frontend_feature(vif, "feature-rx-notify");
	vif->filter.on = frontend_feature(vif, "request-multicast-control");
	dev->offloads = 0;
	if (!frontend_feature(vif, "feature-no-csum-offload"))
		dev->offloads |= OFFLOAD_CSUM4;
	if (frontend_feature(vif, "feature-ipv6-csum-offload"))
		dev->offloads |= OFFLOAD_CSUM6;
	if (vif->sg && frontend_feature(vif, "feature-gso-tcpv4"))
		dev->offloads |= OFFLOAD_TSO4;
	if (vif->sg && frontend_feature(vif, "feature-gso-tcpv6"))
		dev->offloads |= OFFLOAD_TSO6;
}

/* Where a queue's nodes are: a frontend with one queue has them beside its others. */
static void queue_path(const struct vif *vif, unsigned int index, char *path, size_t size)
{
	if (vif->queue_count == 1)
		str_format(path, size, "%s", vif->xenbus->peer);
	else
		str_format(path, size, "%s/queue-%u", vif->xenbus->peer, index);
}

static int map_ring(struct vif_queue *q, const char *path, const char *node,
		    struct gnttab_mapping *map)
{
	uint32_t ref;
	int err = xs_read_u32(XS_NO_TX, path, node, &ref);

	return err ? err : gnttab_map(map, q->vif->frontend, &ref, 1, false);
}

static int bind_port(struct vif_queue *q, const char *path, const char *node, evtchn_port_t *port)
{
	uint32_t remote;
	int result = xs_read_u32(XS_NO_TX, path, node, &remote);

	if (result)
		return result;
	result = evtchn_bind_interdomain(q->vif->frontend, remote, vif_event, q);
	if (result < 0)
		return result;
	*port = (evtchn_port_t)result;
	return 0;
}

static int bind_ports(struct vif_queue *q, const char *path)
{
	int err = bind_port(q, path, "event-channel-tx", &q->tx_port);

	if (!err)
		return bind_port(q, path, "event-channel-rx", &q->rx_port);
	if (err != -ENOENT)
		return err;
	err = bind_port(q, path, "event-channel", &q->tx_port);
	q->rx_port = q->tx_port;
	return err;
}

static int connect_queue(struct vif_queue *q, const char *path)
{
	int err = map_ring(q, path, "tx-ring-ref", &q->tx_map);

	if (!err)
		err = map_ring(q, path, "rx-ring-ref", &q->rx_map);
	if (err)
		return err;
	BACK_RING_INIT(&q->tx, (struct netif_tx_sring *)q->tx_map.va, PAGE_SIZE);
	BACK_RING_INIT(&q->rx, (struct netif_rx_sring *)q->rx_map.va, PAGE_SIZE);
	return bind_ports(q, path);
}

static void unbind_ports(struct vif_queue *q)
{
	if (q->tx_port)
		evtchn_unbind(q->tx_port);
	if (q->rx_port && q->rx_port != q->tx_port)
		evtchn_unbind(q->rx_port);
	q->tx_port = q->rx_port = 0;
}

static void unmap_rings(struct vif_queue *q)
{
	if (q->tx_map.va)
		gnttab_unmap(&q->tx_map);
	if (q->rx_map.va)
		gnttab_unmap(&q->rx_map);
	q->tx_map = q->rx_map = (struct gnttab_mapping){ 0 };
}

/* Also of a connection that was made in part only. */
static void disconnect(struct vif *vif)
{
	vif_stop(vif); /* from here on no poll unmasks a port, whoever may have its number then */
	for (unsigned int i = 0; i < vif->queue_count; i++) {
		struct vif_queue *q = vif->queues[i];

		if (!q)
			continue;
		unbind_ports(q);
		net_cancel(&q->poller); /* an event may have come in between */
		unmap_rings(q);
	}
	vif->filter.on = false;
	vif->filter.count = 0;
}

static int make_connection(struct vif *vif)
{
	char path[XENBUS_PATH_MAX + 16];
	int err = 0;

	for (unsigned int i = 0; i < vif->queue_count && !err; i++) {
		if (!vif->queues[i])
			vif->queues[i] = vif_queue_create(vif, i);
		queue_path(vif, i, path, sizeof(path));
		err = vif->queues[i] ? connect_queue(vif->queues[i], path) : -ENOMEM;
	}
	return err;
}

/* What it asks for beyond what was offered; NULL: nothing. */
static const char *excess(const struct vif *vif, uint32_t queues)
{
	if (!frontend_feature(vif, "request-rx-copy"))
		return "the frontend wants pages flipped: request-rx-copy is missing";
	if (!queues || queues > max_queues)
		return "the frontend wants more queues than there are, or none";
	if (xs_exists(XS_NO_TX, vif->xenbus->peer, "ctrl-ring-ref") > 0)
		return "the frontend sends a control ring, which was not offered";
	return NULL;
}

static void connect(struct vif *vif)
{
	struct xenbus_device *xenbus = vif->xenbus;
	uint32_t queues = xs_read_u32_or(XS_NO_TX, xenbus->peer, "multi-queue-num-queues", 1);
	const char *why = excess(vif, queues);
	int err;

	if (why) {
		xenbus_fatal(xenbus, -EOPNOTSUPP, "%s", why);
		return;
	}
	vif->queue_count = queues;
	read_features(vif);
	err = make_connection(vif);
	if (err) {
		disconnect(vif);
		xenbus_fatal(xenbus, err, "cannot connect to the frontend's rings");
		return;
	}
	vif_start(vif);
	xenbus_switch_state(xenbus, XenbusStateConnected);
}

/* --- Xenbus ---------------------------------------------------------------------------------- */

static int join_switch(struct vif *vif)
{
	char name[NETDEV_NAME_MAX];

	if (xs_read(XS_NO_TX, vif->xenbus->path, "bridge", name, sizeof(name)) <= 0)
		str_format(name, sizeof(name), "%s", default_bridge);
	vif->sw = switch_find(name);
	if (!vif->sw)
		return -ENODEV;
	return switch_attach(vif->sw, &vif->dev, VIF_ADDRESSES);
}

static struct vif *vif_create(struct xenbus_device *xenbus)
{
	struct vif *vif = calloc(1, sizeof(*vif));

	if (!vif)
		return NULL;
	vif->xenbus = xenbus;
	vif->frontend = xenbus->peer_domid;
	vif->dev.ops = &vif_ops;
	vif->dev.mtu = 1500;
	str_format(vif->dev.name, sizeof(vif->dev.name), "vif%u.%u", vif->frontend, xenbus->id);
	return vif;
}

static void vif_destroy(struct vif *vif)
{
	disconnect(vif);
	switch_detach(vif->sw, &vif->dev);
	netdev_unregister(&vif->dev);
	for (unsigned int i = 0; i < VIF_QUEUES_MAX; i++)
		free(vif->queues[i]);
	free(vif);
}

static int probe(struct xenbus_device *xenbus)
{
	struct vif *vif = vif_create(xenbus);
	int err = vif ? join_switch(vif) : -ENOMEM;

	if (err) {
		free(vif);
		return err;
	}
	netdev_register(&vif->dev);
	xenbus->priv = vif;
	err = xs_transact(write_features, xenbus);
	/* What a hotplug script does elsewhere is done: the vif is on its bridge. */
	if (!err)
		err = xs_printf(XS_NO_TX, xenbus->path, "hotplug-status", "connected");
	if (!err)
		err = xenbus_switch_state(xenbus, XenbusStateInitWait);
	if (err)
		vif_destroy(vif);
	return err;
}

static void changed(struct xenbus_device *xenbus, enum xenbus_state peer)
{
	struct vif *vif = xenbus->priv;

	switch (peer) {
	case XenbusStateInitialising:
		/* A frontend that starts again, perhaps without having said goodbye. */
		if (xenbus->state == XenbusStateConnected || xenbus->state == XenbusStateClosing)
			disconnect(vif);
		if (xenbus->state != XenbusStateInitWait)
			xenbus_switch_state(xenbus, XenbusStateInitWait);
		break;
	case XenbusStateInitialised:
	case XenbusStateConnected:
		if (xenbus->state == XenbusStateInitWait)
			connect(vif);
		break;
	case XenbusStateClosing:
		disconnect(vif);
		xenbus_switch_state(xenbus, XenbusStateClosing);
		break;
	case XenbusStateClosed:
	case XenbusStateUnknown:
		disconnect(vif);
		xenbus_switch_state(xenbus, XenbusStateClosed);
		break;
	default:
		break;
	}
}

static void remove(struct xenbus_device *xenbus)
{
	vif_destroy(xenbus->priv);
}

static struct xenbus_driver driver = {
	.type = "vif",
	.side = XENBUS_BACKEND,
	.probe = probe,
	.changed = changed,
	.remove = remove,
};

int netback_start(const char *default_switch)
{
	int err = vif_tx_init();

	default_bridge = default_switch;
	max_queues = net_queue_limit("netback_queues");
	if (!err)
		err = vif_rx_init();
	return err ? err : xenbus_register(&driver);
}
