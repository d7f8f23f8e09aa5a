/* SPDX-License-Identifier: MIT */
/*
 * The frontend's handshake (xen/io/netif.h): when the backend waits, rings and ports are made and
 * told to it, one pair for each queue; when it closes, or breaks the rules, all is taken back, and
 * a backend that waits again is connected anew.
 */

#include "net/netfront.h"

#include <errno.h>
#include <stdlib.h>

#include "guest/console.h"
#include "guest/init.h"
#include "guest/page.h"
#include "guest/param.h"
#include "guest/vmap.h"
#include "lib/format.h"
#include "lib/string.h"

#define CONNECT_TIMEOUT_MS 10000

PARAM(netfront_queues, "N: how many queues a vif may have; one for each vcpu if left out");

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse_mac(const char *text, uint8_t mac[6])
{
	for (int i = 0; i < 6; i++, text += 3) {
		int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);

		if (low < 0 || text[2] != (i < 5 ? ':' : '\0'))
			return -EINVAL;
		mac[i] = (uint8_t)(high << 4 | low);
	}
	return mac[0] & 1 ? -EINVAL : 0;
}

static uint32_t backend_feature(const struct netfront *front, const char *name)
{
	return xs_read_u32_or(XS_NO_TX, front->xenbus->peer, name, 0);
}

static void read_features(struct netfront *front)
{
	struct netdev *dev = &front->dev;

	front->sg = backend_feature(front, "feature-sg");
	dev->offloads = 0;
	if (!backend_feature(front, "feature-no-csum-offload"))
		dev->offloads |= OFFLOAD_CSUM4;
	if (backend_feature(front, "feature-ipv6-csum-offload"))
		dev->offloads |= OFFLOAD_CSUM6;
	if (front->sg && dev->offloads & OFFLOAD_CSUM4 &&
	    backend_feature(front, "feature-gso-tcpv4"))
		dev->offloads |= OFFLOAD_TSO4;
	if (front->sg && dev->offloads & OFFLOAD_CSUM6 &&
	    backend_feature(front, "feature-gso-tcpv6"))
		dev->offloads |= OFFLOAD_TSO6;
}

/* --- Rings and ports ------------------------------------------------------------------------- */

static int share_ring(struct netfront *front, void *page, grant_ref_t *ref)
{
	int result = gnttab_grant(front->backend, virt_to_mfn(page), false);

	if (result < 0)
		return result;
	*ref = (grant_ref_t)result;
	return 0;
}

static int make_rings(struct netfront_queue *q)
{
	void *tx = page_alloc_zero(0), *rx = page_alloc_zero(0);
	int err = tx && rx ? 0 : -ENOMEM;

	if (!err)
		err = share_ring(q->front, tx, &q->tx_ring_ref);
	if (!err) {
		err = share_ring(q->front, rx, &q->rx_ring_ref);
		if (err)
			gnttab_revoke(q->tx_ring_ref);
	}
	if (err) {
		q->tx_ring_ref = 0;
		page_free(tx, 0);
		page_free(rx, 0);
		return err;
	}
	SHARED_RING_INIT((struct netif_tx_sring *)tx);
	SHARED_RING_INIT((struct netif_rx_sring *)rx);
	FRONT_RING_INIT(&q->tx, (struct netif_tx_sring *)tx, PAGE_SIZE);
	FRONT_RING_INIT(&q->rx, (struct netif_rx_sring *)rx, PAGE_SIZE);
	return 0;
}

static int make_port(struct netfront_queue *q, evtchn_port_t *port)
{
	int result = evtchn_alloc_unbound(q->front->backend, netfront_event, q);

	if (result < 0)
		return result;
	*port = (evtchn_port_t)result;
	return 0;
}

static int make_ports(struct netfront_queue *q, bool split)
{
	int err = make_port(q, &q->tx_port);

	q->rx_port = q->tx_port;
	return err || !split ? err : make_port(q, &q->rx_port);
}

static int make_queue(struct netfront *front, unsigned int index)
{
	struct netfront_queue *q = front->queues[index];
	int err;

	if (!q)
		q = front->queues[index] = netfront_queue_create(front, index);
	if (!q)
		return -ENOMEM;
	err = make_rings(q);
	return err ? err : make_ports(q, backend_feature(front, "feature-split-event-channels"));
}

/* As many as the backend can serve, at most one for each of our network threads. */
static unsigned int queue_count(const struct netfront *front)
{
	uint32_t offered =
		xs_read_u32_or(XS_NO_TX, front->xenbus->peer, "multi-queue-max-queues", 1);

	return MAX(MIN(offered, net_queue_limit("netfront_queues")), 1U);
}

static void close_ports(struct netfront_queue *q)
{
	if (q->tx_port)
		evtchn_unbind(q->tx_port);
	if (q->rx_port && q->rx_port != q->tx_port)
		evtchn_unbind(q->rx_port);
	q->tx_port = q->rx_port = 0;
}

static void revoke_rings(struct netfront_queue *q)
{
	if (q->tx_ring_ref) {
		gnttab_revoke_page(q->tx_ring_ref, q->tx.sring);
		gnttab_revoke_page(q->rx_ring_ref, q->rx.sring);
	}
	q->tx_ring_ref = q->rx_ring_ref = 0;
}

/* Takes everything of the connection back; also of one that was made in part only. */
static void disconnect(struct netfront *front)
{
	for (unsigned int i = 0; i < front->queue_count; i++)
		if (front->queues[i])
			close_ports(front->queues[i]);
	netfront_stop(front);
	for (unsigned int i = 0; i < front->queue_count; i++)
		if (front->queues[i])
			revoke_rings(front->queues[i]);
}

/* --- What the backend is told ---------------------------------------------------------------- */

static int write_queue(xs_tx_t tx, const struct netfront_queue *q, const char *path)
{
	int err = xs_printf(tx, path, "tx-ring-ref", "%u", q->tx_ring_ref);

	if (!err)
		err = xs_printf(tx, path, "rx-ring-ref", "%u", q->rx_ring_ref);
	if (err)
		return err;
	if (q->tx_port == q->rx_port)
		return xs_printf(tx, path, "event-channel", "%u", q->tx_port);
	err = xs_printf(tx, path, "event-channel-tx", "%u", q->tx_port);
	return err ? err : xs_printf(tx, path, "event-channel-rx", "%u", q->rx_port);
}

/* Nodes of an earlier connection with another number of queues would be read with ours. */
static int remove_queues(xs_tx_t tx, const char *path)
{
	static const char *const nodes[] = {
		"tx-ring-ref",	    "rx-ring-ref",	"event-channel",
		"event-channel-tx", "event-channel-rx", "multi-queue-num-queues",
	};
	char queue[16];
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(nodes) && (!err || err == -ENOENT); i++)
		err = xs_rm(tx, path, nodes[i]);
	for (unsigned int i = 0; i < NETFRONT_QUEUES_MAX && (!err || err == -ENOENT); i++) {
		str_format(queue, sizeof(queue), "queue-%u", i);
		err = xs_rm(tx, path, queue);
	}
	return err == -ENOENT ? 0 : err;
}

static int write_queues(xs_tx_t tx, const struct netfront *front)
{
	const char *path = front->xenbus->path;
	char queue[XENBUS_PATH_MAX + 16];
	int err = remove_queues(tx, path);

	if (!err && front->queue_count == 1)
		return write_queue(tx, front->queues[0], path);
	if (!err)
		err = xs_printf(tx, path, "multi-queue-num-queues", "%u", front->queue_count);
	for (unsigned int i = 0; i < front->queue_count && !err; i++) {
		str_format(queue, sizeof(queue), "%s/queue-%u", path, i);
		err = write_queue(tx, front->queues[i], queue);
	}
	return err;
}

static int write_connection(xs_tx_t tx, void *arg)
{
	static const char *const features[] = {
		"request-rx-copy",   "feature-rx-notify", "feature-sg",
		"feature-gso-tcpv4", "feature-gso-tcpv6", "feature-ipv6-csum-offload",
	};
	const struct netfront *front = arg;
	int err = write_queues(tx, front);

	for (size_t i = 0; i < ARRAY_SIZE(features) && !err; i++)
		err = xs_printf(tx, front->xenbus->path, features[i], "1");
	return err;
}

static void connect(struct netfront *front)
{
	struct xenbus_device *xenbus = front->xenbus;
	int err = 0;

	if (!backend_feature(front, "feature-rx-copy")) {
		xenbus_fatal(xenbus, -EOPNOTSUPP, "the backend cannot copy to receive buffers");
		return;
	}
	front->backend = xenbus->peer_domid;
	front->queue_count = queue_count(front);
	read_features(front);
	for (unsigned int i = 0; i < front->queue_count && !err; i++)
		err = make_queue(front, i);
	if (!err)
		err = xs_transact(write_connection, front);
	if (err) {
		disconnect(front);
		xenbus_fatal(xenbus, err, "cannot set up the rings");
		return;
	}
	netfront_start(front);
	if (front->queue_count > 1)
		console_print("%s: %u queues\n", front->dev.name, front->queue_count);
	xenbus_switch_state(xenbus, XenbusStateConnected);
}

/* --- Xenbus ---------------------------------------------------------------------------------- */

static void set_link(struct netfront *front, bool up)
{
	if (front->dev.up != up)
		netdev_set_link(&front->dev, up);
}

/*
 * The stack holds on to a device for good. So one that has gone stays as a device that is down,
 * and is taken up again when a device of its number comes.
 */
static struct netfront *fronts;

static struct netfront *find_gone(const char *name)
{
	struct netfront *front = fronts;

	while (front && (front->xenbus || strcmp(front->dev.name, name) != 0))
		front = front->next;
	return front;
}

static struct netfront *make_front(const char *name)
{
	struct netfront *front = calloc(1, sizeof(*front));

	if (!front)
		return NULL;
	strlcpy(front->dev.name, name, sizeof(front->dev.name));
	netfront_init(front);
	front->next = fronts;
	fronts = front;
	return front;
}

static int probe(struct xenbus_device *xenbus)
{
	char name[NETDEV_NAME_MAX], text[18];
	struct netfront *front;
	uint8_t mac[6];
	int err;

	err = xs_read(XS_NO_TX, xenbus->path, "mac", text, sizeof(text));
	if (err >= 0)
		err = parse_mac(text, mac);
	if (err < 0)
		return err;
	str_format(name, sizeof(name), "vif%u", xenbus->id);
	front = find_gone(name);
	if (!front) {
		front = make_front(name);
		if (!front)
			return -ENOMEM;
		memcpy(front->dev.mac, mac, sizeof(mac));
		front->dev.mtu = (uint16_t)MIN(
			MAX(xs_read_u32_or(XS_NO_TX, xenbus->path, "mtu", 1500), 576U), 9000U);
		netdev_register(&front->dev);
	}
	front->xenbus = xenbus;
	xenbus->priv = front;
	err = xenbus_switch_state(xenbus, XenbusStateInitialising);
	if (err)
		front->xenbus = NULL;
	return err;
}

static void close_connection(struct netfront *front)
{
	set_link(front, false);
	disconnect(front);
	xenbus_switch_state(front->xenbus, XenbusStateClosed);
}

static void changed(struct xenbus_device *xenbus, enum xenbus_state peer)
{
	struct netfront *front = xenbus->priv;

	switch (peer) {
	case XenbusStateInitWait:
		/* A backend that came back finds us Connected or Closed: start again from nothing.
		 */
		if (xenbus->state == XenbusStateConnected)
			close_connection(front);
		if (xenbus->state == XenbusStateClosed)
			xenbus_switch_state(xenbus, XenbusStateInitialising);
		if (xenbus->state == XenbusStateInitialising)
			connect(front);
		break;
	case XenbusStateConnected:
		if (xenbus->state == XenbusStateConnected)
			set_link(front, true);
		break;
	case XenbusStateClosing:
	case XenbusStateClosed:
	case XenbusStateUnknown:
		if (xenbus->state != XenbusStateClosed && xenbus->state != XenbusStateInitialising)
			close_connection(front);
		/* A backend that has closed but stays waits for us to begin. */
		if (peer == XenbusStateClosed && xenbus->state == XenbusStateClosed &&
		    backend_feature(front, "online"))
			xenbus_switch_state(xenbus, XenbusStateInitialising);
		break;
	default:
		break;
	}
}

static void remove(struct xenbus_device *xenbus)
{
	struct netfront *front = xenbus->priv;

	set_link(front, false);
	disconnect(front);
	front->xenbus = NULL;
}

/* --- Suspend and resume ----------------------------------------------------------------------- */

static void suspend(struct xenbus_device *xenbus)
{
	struct netfront *front = xenbus->priv;

	front->suspended = READ_ONCE(front->connected);
	netfront_pause(front);
}

/* What was under way is lost with the old domain, as on any network. */
static void resume(struct xenbus_device *xenbus, bool lost)
{
	struct netfront *front = xenbus->priv;

	if (lost) {
		for (unsigned int i = 0; i < front->queue_count; i++)
			front->queues[i]->tx_port = front->queues[i]->rx_port = 0;
		set_link(front, false);
		disconnect(front);
	} else if (front->suspended) {
		netfront_continue(front);
	}
	front->suspended = false;
}

static struct xenbus_driver driver = {
	.type = "vif",
	.side = XENBUS_FRONTEND,
	.probe = probe,
	.changed = changed,
	.remove = remove,
	.suspend = suspend,
	.resume = resume,
};

static int netfront_register(void)
{
	int err;

	if (!xs_available())
		return 0;
	err = xenbus_register(&driver);
	if (!err)
		xenbus_wait_frontends("vif", CONNECT_TIMEOUT_MS);
	return err;
}

INITCALL(device, netfront_register);
