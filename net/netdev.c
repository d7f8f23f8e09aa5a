/* SPDX-License-Identifier: MIT */
/*
 * Network devices: the register, and what every transmission and reception has in common.
 *
 * A packet carries what is still to do for it (a blank checksum, segments to cut), and a device
 * says what it can leave to its other side. Here the two meet: what the device cannot leave is
 * done in software, at the last moment, because most packets between two domains of one machine
 * never need it. Only the way out to a card without offloads does.
 */

#include "net/netdev.h"

#include "net/poll.h"

static struct list devices = LIST_INIT(devices); /* only on the network thread */

static void add_device(void *arg)
{
	struct netdev *dev = arg;

	list_push_back(&devices, &dev->link);
}

void netdev_register(struct netdev *dev)
{
	net_run(add_device, dev);
}

static void remove_device(void *arg)
{
	struct netdev *dev = arg;

	list_remove(&dev->link);
}

void netdev_unregister(struct netdev *dev)
{
	net_run(remove_device, dev);
}

static void find_free(void *arg)
{
	struct netdev *dev, **result = arg;

	*result = NULL;
	list_for_each(dev, &devices, link)
		if (!dev->upper) {
			*result = dev;
			return;
		}
}

struct netdev *netdev_find_free(void)
{
	struct netdev *dev;

	net_run(find_free, &dev);
	return dev;
}

struct visit {
	void (*visit)(struct netdev *dev, void *arg);
	void *arg;
};

static void visit_all(void *arg)
{
	struct visit *v = arg;
	struct netdev *dev;

	list_for_each(dev, &devices, link)
		v->visit(dev, v->arg);
}

void netdev_for_each(void (*visit)(struct netdev *dev, void *arg), void *arg)
{
	struct visit v = { .visit = visit, .arg = arg };

	net_run(visit_all, &v);
}

/* Once every thread has ended its turn, no burst of the old layer is half-way delivered. */
void netdev_attach(struct netdev *dev, struct netdev_upper *upper)
{
	__atomic_store_n(&dev->upper, upper, __ATOMIC_RELEASE);
	net_quiesce();
	if (upper && upper->link_changed)
		upper->link_changed(upper, dev->up);
}

static void count_tx(struct netdev *dev, const struct packet *packet)
{
	netdev_count(&dev->stats.tx_packets, 1);
	netdev_count(&dev->stats.tx_bytes, packet->len);
}

/* The packet is the caller's alone, or needs nothing. */
static void transmit_one(struct netdev *dev, struct packet *packet)
{
	if (offload_needed(packet) & ~dev->offloads)
		offload_finish(packet);
	count_tx(dev, packet);
	dev->ops->transmit(dev, packet);
}

/* Segments have headers of their own and share the rest, so each may be finished in place. */
static void transmit_segments(struct netdev *dev, struct packet *packet)
{
	struct list segments = LIST_INIT(segments), *node;

	if (offload_segment(packet, &segments))
		netdev_count(&dev->stats.tx_dropped, 1);
	while ((node = list_pop_front(&segments)))
		transmit_one(dev, list_entry(node, struct packet, link));
}

void netdev_transmit(struct netdev *dev, struct packet *packet)
{
	uint32_t missing = offload_needed(packet) & ~dev->offloads;

	if (missing & (OFFLOAD_TSO4 | OFFLOAD_TSO6)) {
		transmit_segments(dev, packet);
		return;
	}
	/* Others may be looking at it, so its checksum is finished in a copy. */
	if (missing && packet_shared(packet)) {
		struct packet *copy = packet_copy(packet);

		packet_put(packet);
		if (!copy) {
			netdev_count(&dev->stats.tx_dropped, 1);
			return;
		}
		packet = copy;
	}
	transmit_one(dev, packet);
}

void netdev_receive(struct netdev *dev, struct list *packets)
{
	struct netdev_upper *upper = __atomic_load_n(&dev->upper, __ATOMIC_ACQUIRE);
	uint64_t count = 0, bytes = 0;
	struct packet *packet;
	struct list *node;

	list_for_each(packet, packets, link) {
		count++;
		bytes += packet->len;
	}
	if (!count)
		return;
	netdev_count(&dev->stats.rx_packets, count);
	netdev_count(&dev->stats.rx_bytes, bytes);
	if (upper)
		upper->receive(upper, packets);
	while ((node = list_pop_front(packets)))
		packet_put(list_entry(node, struct packet, link));
}

void netdev_set_link(struct netdev *dev, bool up)
{
	struct netdev_upper *upper = __atomic_load_n(&dev->upper, __ATOMIC_ACQUIRE);

	dev->up = up;
	if (upper && upper->link_changed)
		upper->link_changed(upper, up);
}
