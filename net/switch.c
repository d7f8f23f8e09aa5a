/* SPDX-License-Identifier: MIT */
/*
 * Forwarding between ports, in bursts: what was queued on a port is flushed when the burst ends,
 * so a burst costs each port that it reaches one hypercall to copy, or one ring of a doorbell.
 *
 * A burst comes from one port. While it lasts, the ports that got something of it are noted; its
 * end flushes those. A frame never goes back to the port that it came from. Bursts of several
 * network threads are forwarded at once: they share the bridge's table, under its lock, and the
 * ports. One that is removed goes out of sight first, and is freed when every thread has ended
 * the burst that may have seen it.
 */

#include "net/switch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guest/clock.h"
#include "guest/spinlock.h"
#include "lib/format.h"
#include "lib/string.h"
#include "net/bridge.h"
#include "net/poll.h"

#define LOCAL_ADDRESSES 16
#define LOCAL_QUEUE_MAX 256

struct switch_port {
	struct netdev_upper upper;
	struct net_switch *sw;
	struct netdev *dev;
	unsigned int number;
};

struct net_switch {
	struct net_switch *next;
	char name[NETDEV_NAME_MAX];
	struct spinlock lock;
	struct bridge bridge; /* with the lock */
	struct switch_port *ports[BRIDGE_PORTS];

	/* The port into this domain, of which the stack holds the other end. */
	struct netdev local;      /* seen by the stack */
	struct netdev local_port; /* seen by the switch */
	struct poller local_work;
	struct spinlock local_lock;
	struct list from_stack; /* packets; with the local lock, as the next */
	uint32_t from_stack_count;
	struct list to_stack; /* packets of bursts that are not over; with the local lock */
};

static struct net_switch *switches;

/*
 * `touched` is the set of ports that a burst has gone to. A port that the table still knows but
 * that has gone swallows the packet.
 */
static void send_to(struct net_switch *sw, unsigned long port, struct packet *packet,
		    unsigned long *touched)
{
	struct switch_port *to = __atomic_load_n(&sw->ports[port], __ATOMIC_ACQUIRE);

	if (!to) {
		packet_put(packet);
		return;
	}
	netdev_transmit(to->dev, packet);
	bitmap_set(touched, port);
}

/* The packet's own reference goes to the last port; the others get further ones before. */
static void flood(struct net_switch *sw, unsigned int from, struct packet *packet,
		  unsigned long *touched)
{
	unsigned long port, last = BRIDGE_PORTS;

	bitmap_for_each(port, sw->bridge.ports, BRIDGE_PORTS) {
		if (port == from)
			continue;
		if (last != BRIDGE_PORTS)
			send_to(sw, last, packet_get(packet), touched);
		last = port;
	}
	if (last != BRIDGE_PORTS)
		send_to(sw, last, packet, touched);
	else
		packet_put(packet);
}

static int decide(struct net_switch *sw, unsigned int from, const struct packet *packet, ns_t now)
{
	const uint8_t *head = packet_head(packet, ETH_HEADER_LEN);
	unsigned long flags;
	int to;

	if (!head)
		return BRIDGE_DROP;
	flags = spin_lock_save(&sw->lock);
	to = bridge_decide(&sw->bridge, from, head, now);
	spin_unlock_restore(&sw->lock, flags);
	return to;
}

static void flush_touched(struct net_switch *sw, const unsigned long *touched)
{
	unsigned long port;

	bitmap_for_each(port, touched, BRIDGE_PORTS) {
		struct switch_port *to = __atomic_load_n(&sw->ports[port], __ATOMIC_ACQUIRE);

		if (to)
			netdev_flush(to->dev);
	}
}

static void port_receive(struct netdev_upper *upper, struct list *packets)
{
	struct switch_port *port = container_of(upper, struct switch_port, upper);
	struct net_switch *sw = port->sw;
	BITMAP(touched, BRIDGE_PORTS) = { 0 };
	ns_t now = clock_ns();
	struct list *node;

	while ((node = list_pop_front(packets))) {
		struct packet *packet = list_entry(node, struct packet, link);
		int to = decide(sw, port->number, packet, now);

		if (to >= 0)
			send_to(sw, (unsigned int)to, packet, touched);
		else if (to == BRIDGE_FLOOD)
			flood(sw, port->number, packet, touched);
		else
			packet_put(packet);
	}
	flush_touched(sw, touched);
}

int switch_attach(struct net_switch *sw, struct netdev *dev, uint16_t addresses)
{
	struct switch_port *port = malloc(sizeof(*port));
	unsigned long flags;
	int number;

	if (!port)
		return -ENOMEM;
	flags = spin_lock_save(&sw->lock);
	number = bridge_add_port(&sw->bridge, addresses);
	spin_unlock_restore(&sw->lock, flags);
	if (number < 0) {
		free(port);
		return number;
	}
	*port = (struct switch_port){
		.upper = { .receive = port_receive },
		.sw = sw,
		.dev = dev,
		.number = (unsigned int)number,
	};
	__atomic_store_n(&sw->ports[number], port, __ATOMIC_RELEASE);
	netdev_attach(dev, &port->upper);
	return 0;
}

void switch_detach(struct net_switch *sw, struct netdev *dev)
{
	struct switch_port *port;
	unsigned long flags;

	if (!dev->upper || dev->upper->receive != port_receive)
		return;
	port = container_of(dev->upper, struct switch_port, upper);
	__atomic_store_n(&sw->ports[port->number], NULL, __ATOMIC_RELEASE);
	netdev_attach(dev, NULL);
	flags = spin_lock_save(&sw->lock);
	bridge_remove_port(&sw->bridge, port->number);
	spin_unlock_restore(&sw->lock, flags);
	free(port);
}

/*
 * The port into this domain has two ends, each a netdev: the stack sends into `local`, which comes
 * out of `local_port` into the switch, and the other way round. Towards the stack nothing changes
 * threads: lwIP is called on the network thread of the burst. Towards the switch a queue does.
 */

/* --- The port into this domain --------------------------------------------------------------- */

/* The stack sends from its own threads: packets change threads here. */
static void local_transmit(struct netdev *dev, struct packet *packet)
{
	struct net_switch *sw = container_of(dev, struct net_switch, local);
	unsigned long flags = spin_lock_save(&sw->local_lock);
	bool full = sw->from_stack_count == LOCAL_QUEUE_MAX;

	if (!full) {
		list_push_back(&sw->from_stack, &packet->link);
		sw->from_stack_count++;
	}
	spin_unlock_restore(&sw->local_lock, flags);
	if (full) {
		netdev_count(&dev->stats.tx_dropped, 1);
		packet_put(packet);
	}
}

static void local_flush(struct netdev *dev)
{
	net_schedule(&container_of(dev, struct net_switch, local)->local_work);
}

static struct packet *take_from_stack(struct net_switch *sw)
{
	unsigned long flags = spin_lock_save(&sw->local_lock);
	struct list *node = list_pop_front(&sw->from_stack);

	if (node)
		sw->from_stack_count--;
	spin_unlock_restore(&sw->local_lock, flags);
	return node ? list_entry(node, struct packet, link) : NULL;
}

static bool local_poll(struct poller *poller)
{
	struct net_switch *sw = container_of(poller, struct net_switch, local_work);
	struct list burst = LIST_INIT(burst);
	struct packet *packet = NULL;

	for (int i = 0; i < NET_BUDGET && (packet = take_from_stack(sw)); i++)
		list_push_back(&burst, &packet->link);
	netdev_receive(&sw->local_port, &burst);
	return packet;
}

static void local_port_transmit(struct netdev *dev, struct packet *packet)
{
	struct net_switch *sw = container_of(dev, struct net_switch, local_port);
	unsigned long flags;

	/* The list needs the packet for itself. */
	if (packet_shared(packet)) {
		struct packet *copy = READ_ONCE(sw->local.upper) ? packet_copy(packet) : NULL;

		packet_put(packet);
		packet = copy;
	}
	if (!packet) {
		netdev_count(&dev->stats.tx_dropped, 1);
		return;
	}
	flags = spin_lock_save(&sw->local_lock);
	list_push_back(&sw->to_stack, &packet->link);
	spin_unlock_restore(&sw->local_lock, flags);
}

static void local_port_flush(struct netdev *dev)
{
	struct net_switch *sw = container_of(dev, struct net_switch, local_port);
	struct list burst = LIST_INIT(burst);
	unsigned long flags = spin_lock_save(&sw->local_lock);

	list_splice_back(&burst, &sw->to_stack);
	spin_unlock_restore(&sw->local_lock, flags);
	netdev_receive(&sw->local, &burst);
}

static const struct netdev_ops local_ops = { local_transmit, local_flush };
static const struct netdev_ops local_port_ops = { local_port_transmit, local_port_flush };

static int add_local(struct net_switch *sw)
{
	static uint8_t count;

	sw->local = (struct netdev){
		.ops = &local_ops,
		.mtu = 1500,
		.offloads = OFFLOAD_ALL,
		.up = true,
		.optional = true,
		.mac = { 0x02, 0x00, 0x00, 0x6c, 0x6d, ++count }, /* locally administered */
	};
	sw->local_port = (struct netdev){
		.ops = &local_port_ops,
		.mtu = 1500,
		.offloads = OFFLOAD_ALL,
		.up = true,
	};
	strlcpy(sw->local.name, sw->name, sizeof(sw->local.name));
	str_format(sw->local_port.name, sizeof(sw->local_port.name), "%s-local", sw->name);
	list_init(&sw->from_stack);
	list_init(&sw->to_stack);
	poller_init(&sw->local_work, local_poll, 0);
	return switch_attach(sw, &sw->local_port, LOCAL_ADDRESSES);
}

struct netdev *switch_local(struct net_switch *sw)
{
	return &sw->local;
}

struct net_switch *switch_create(const char *name)
{
	struct net_switch *sw = calloc(1, sizeof(*sw));

	if (!sw)
		return NULL;
	strlcpy(sw->name, name, sizeof(sw->name));
	bridge_init(&sw->bridge, clock_tsc() * 0x9e3779b97f4a7c15ULL);
	if (add_local(sw)) {
		free(sw);
		return NULL;
	}
	netdev_register(&sw->local);
	sw->next = switches;
	switches = sw;
	return sw;
}

struct net_switch *switch_find(const char *name)
{
	struct net_switch *sw = switches;

	while (sw && strcmp(sw->name, name) != 0)
		sw = sw->next;
	return sw;
}
