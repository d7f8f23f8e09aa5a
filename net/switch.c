/* SPDX-License-Identifier: MIT */
/*
 * Forwarding between ports, in bursts: what was queued on a port is flushed when the burst ends,
 * so a burst costs each port that it reaches one hypercall to copy, or one ring of a doorbell.
 *
 * A burst comes from one port. While it lasts, the ports that got something of it are marked as
 * touched; its end flushes those and forgets the marks. A frame never goes back to the port that
 * it came from, and a port that is removed in between loses its mark, so no flush meets a device
 * that has gone.
 */

#include "net/switch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guest/clock.h"
#include "guest/irq.h"
#include "lib/format.h"
#include "lib/string.h"
#include "net/bridge.h"
#include "net/poll.h"

#define LOCAL_ADDRESSES 16
#define LOCAL_QUEUE_MAX 256

struct switch_port {
	struct net_switch *sw;
	struct netdev *dev;
	unsigned int number;
};

struct net_switch {
	struct net_switch *next;
	char name[NETDEV_NAME_MAX];
	struct bridge bridge;
	struct switch_port *ports[BRIDGE_PORTS];
	BITMAP(touched, BRIDGE_PORTS); /* ports with packets that wait for a flush */

	/* The port into this domain, of which the stack holds the other end. */
	struct netdev local;      /* seen by the stack */
	struct netdev local_port; /* seen by the switch */
	struct poller local_work;
	struct list from_stack; /* packets; with upcalls masked, as the next */
	uint32_t from_stack_count;
};

static struct net_switch *switches;

/* A port that the table still knows but that has gone swallows the packet. */
static void send_to(struct net_switch *sw, unsigned long port, struct packet *packet)
{
	if (!sw->ports[port]) {
		packet_put(packet);
		return;
	}
	netdev_transmit(sw->ports[port]->dev, packet);
	bitmap_set(sw->touched, port);
}

/* The packet's own reference goes to the last port; the others get further ones before. */
static void flood(struct net_switch *sw, unsigned int from, struct packet *packet)
{
	unsigned long port, last = BRIDGE_PORTS;

	bitmap_for_each(port, sw->bridge.ports, BRIDGE_PORTS) {
		if (port == from)
			continue;
		if (last != BRIDGE_PORTS)
			send_to(sw, last, packet_get(packet));
		last = port;
	}
	if (last != BRIDGE_PORTS)
		send_to(sw, last, packet);
	else
		packet_put(packet);
}

static void port_receive(void *arg, struct packet *packet)
{
	struct switch_port *port = arg;
	struct net_switch *sw = port->sw;
	const uint8_t *head = packet_head(packet, ETH_HEADER_LEN);
	int to = BRIDGE_DROP;

	if (head)
		to = bridge_decide(&sw->bridge, port->number, head, clock_ns());
	if (to >= 0)
		send_to(sw, (unsigned int)to, packet);
	else if (to == BRIDGE_FLOOD)
		flood(sw, port->number, packet);
	else
		packet_put(packet);
}

static void port_receive_done(void *arg)
{
	struct net_switch *sw = ((struct switch_port *)arg)->sw;

	unsigned long port;

	bitmap_for_each(port, sw->touched, BRIDGE_PORTS) {
		bitmap_clear(sw->touched, port);
		netdev_flush(sw->ports[port]->dev);
	}
}

static const struct netdev_upper port_upper = {
	.receive = port_receive,
	.receive_done = port_receive_done,
};

struct attachment {
	struct net_switch *sw;
	struct netdev *dev;
	struct switch_port *port;
	uint16_t addresses;
	int result;
};

static void add_port(void *arg)
{
	struct attachment *a = arg;
	int number = bridge_add_port(&a->sw->bridge, a->addresses);

	a->result = number;
	if (number < 0)
		return;
	*a->port = (struct switch_port){
		.sw = a->sw,
		.dev = a->dev,
		.number = (unsigned int)number,
	};
	a->sw->ports[number] = a->port;
	a->dev->upper = &port_upper;
	a->dev->upper_arg = a->port;
}

int switch_attach(struct net_switch *sw, struct netdev *dev, uint16_t addresses)
{
	struct attachment a = { .sw = sw, .dev = dev, .addresses = addresses };

	a.port = malloc(sizeof(*a.port));
	if (!a.port)
		return -ENOMEM;
	net_run(add_port, &a);
	if (a.result >= 0)
		return 0;
	free(a.port);
	return a.result;
}

static void remove_port(void *arg)
{
	struct attachment *a = arg;

	if (a->dev->upper != &port_upper)
		return;
	a->port = a->dev->upper_arg;
	a->dev->upper = NULL;
	a->sw->ports[a->port->number] = NULL;
	bitmap_clear(a->sw->touched, a->port->number);
	bridge_remove_port(&a->sw->bridge, a->port->number);
}

void switch_detach(struct net_switch *sw, struct netdev *dev)
{
	struct attachment a = { .sw = sw, .dev = dev };

	net_run(remove_port, &a);
	free(a.port);
}

/*
 * The port into this domain has two ends, each a netdev: the stack sends into `local`, which comes
 * out of `local_port` into the switch, and the other way round. Towards the stack nothing changes
 * threads: lwIP is called on the network thread. Towards the switch a queue does.
 */

/* --- The port into this domain --------------------------------------------------------------- */

/* The stack sends from its own threads: packets change threads here. */
static void local_transmit(struct netdev *dev, struct packet *packet)
{
	struct net_switch *sw = container_of(dev, struct net_switch, local);
	unsigned long flags = irq_save();
	bool full = sw->from_stack_count == LOCAL_QUEUE_MAX;

	if (!full) {
		list_push_back(&sw->from_stack, &packet->link);
		sw->from_stack_count++;
	}
	irq_restore(flags);
	if (full) {
		dev->stats.tx_dropped++;
		packet_put(packet);
	}
}

static void local_flush(struct netdev *dev)
{
	net_schedule(&container_of(dev, struct net_switch, local)->local_work);
}

static struct packet *take_from_stack(struct net_switch *sw)
{
	unsigned long flags = irq_save();
	struct list *node = list_pop_front(&sw->from_stack);

	if (node)
		sw->from_stack_count--;
	irq_restore(flags);
	return node ? list_entry(node, struct packet, link) : NULL;
}

static bool local_poll(struct poller *poller)
{
	struct net_switch *sw = container_of(poller, struct net_switch, local_work);
	struct packet *packet = NULL;

	for (int i = 0; i < NET_BUDGET && (packet = take_from_stack(sw)); i++)
		netdev_receive(&sw->local_port, packet);
	netdev_receive_done(&sw->local_port);
	return packet;
}

static void local_port_transmit(struct netdev *dev, struct packet *packet)
{
	netdev_receive(&container_of(dev, struct net_switch, local_port)->local, packet);
}

static void local_port_flush(struct netdev *dev)
{
	netdev_receive_done(&container_of(dev, struct net_switch, local_port)->local);
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
	poller_init(&sw->local_work, local_poll);
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
