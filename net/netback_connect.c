/* SPDX-License-Identifier: MIT */
/*
 * The backend's handshake (xen/io/netif.h): features are told before we wait for the frontend;
 * its rings are mapped and its ports bound when it says that they are there. There is one queue,
 * and no control ring: neither is offered, so a frontend that asks for more is refused.
 */

#include "net/netback.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/format.h"

/* Guests are rarely more than one station; nested bridges are a few. */
#define VIF_ADDRESSES 64

static const char *default_bridge;

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
	{ "feature-multicast-control", 0 },
	{ "feature-dynamic-multicast-control", 0 },
	{ "feature-ctrl-ring", 0 },
	{ "multi-queue-max-queues", 1 },
};

static int write_features(xs_tx_t tx, void *arg)
{
	const struct xenbus_device *xenbus = arg;
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(offered) && !err; i++)
		err = xs_printf(tx, xenbus->path, offered[i].node, "%u", offered[i].value);
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

static int map_ring(struct vif *vif, const char *node, struct gnttab_mapping *map)
{
	uint32_t ref;
	int err = xs_read_u32(XS_NO_TX, vif->xenbus->peer, node, &ref);

	return err ? err : gnttab_map(map, vif->frontend, &ref, 1, false);
}

static int bind_port(struct vif *vif, const char *node, evtchn_port_t *port)
{
	uint32_t remote;
	int result = xs_read_u32(XS_NO_TX, vif->xenbus->peer, node, &remote);

	if (result)
		return result;
	result = evtchn_bind_interdomain(vif->frontend, remote, vif_event, vif);
	if (result < 0)
		return result;
	*port = (evtchn_port_t)result;
	return 0;
}

static int bind_ports(struct vif *vif)
{
	int err = bind_port(vif, "event-channel-tx", &vif->tx_port);

	if (!err)
		return bind_port(vif, "event-channel-rx", &vif->rx_port);
	if (err != -ENOENT)
		return err;
	err = bind_port(vif, "event-channel", &vif->tx_port);
	vif->rx_port = vif->tx_port;
	return err;
}

/* Also of a connection that was made in part only. */
static void disconnect(struct vif *vif)
{
	if (vif->tx_port)
		evtchn_unbind(vif->tx_port);
	if (vif->rx_port && vif->rx_port != vif->tx_port)
		evtchn_unbind(vif->rx_port);
	vif->tx_port = vif->rx_port = 0;
	vif_stop(vif);
	if (vif->tx_map.va)
		gnttab_unmap(&vif->tx_map);
	if (vif->rx_map.va)
		gnttab_unmap(&vif->rx_map);
	vif->tx_map = vif->rx_map = (struct gnttab_mapping){ 0 };
}

static int make_connection(struct vif *vif)
{
	int err = map_ring(vif, "tx-ring-ref", &vif->tx_map);

	if (!err)
		err = map_ring(vif, "rx-ring-ref", &vif->rx_map);
	if (err)
		return err;
	BACK_RING_INIT(&vif->tx, (struct netif_tx_sring *)vif->tx_map.va, PAGE_SIZE);
	BACK_RING_INIT(&vif->rx, (struct netif_rx_sring *)vif->rx_map.va, PAGE_SIZE);
	return bind_ports(vif);
}

static void connect(struct vif *vif)
{
	struct xenbus_device *xenbus = vif->xenbus;
	int err;

	if (!frontend_feature(vif, "request-rx-copy") ||
	    !frontend_feature(vif, "feature-rx-notify")) {
		xenbus_fatal(xenbus, -EOPNOTSUPP,
			     "the frontend lacks request-rx-copy or feature-rx-notify");
		return;
	}
	if (xs_read_u32_or(XS_NO_TX, xenbus->peer, "multi-queue-num-queues", 1) != 1) {
		xenbus_fatal(xenbus, -EINVAL, "the frontend wants more than one queue");
		return;
	}
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
	poller_init(&vif->poller, vif_poll);
	return vif;
}

static void vif_destroy(struct vif *vif)
{
	disconnect(vif);
	switch_detach(vif->sw, &vif->dev);
	netdev_unregister(&vif->dev);
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
	default_bridge = default_switch;
	return xenbus_register(&driver);
}
