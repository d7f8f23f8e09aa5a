/* SPDX-License-Identifier: MIT */
/*
 * Between packets and lwIP's pbufs. Received pages go up as they are, small packets as copies;
 * sent pbufs are copied once, into pages that may be given to another domain. Packets that
 * threads send while they hold the core's lock are shown to the device when it is released.
 *
 * lwIP sums neither TCP segments that it sends (the device does, or net/offload.c on the way
 * there) nor what arrives verified; what arrives unverified it checks itself.
 */

#include "net/netif.h"

#include <string.h>

#include "guest/lock.h"
#include "guest/page.h"
#include "lwip/ethip6.h"
#include "lwip/etharp.h"
#include "lwip/mem.h"
#include "lwip/netifapi.h"
#include "lwip/pbuf.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcpip.h"
#include "net/poll.h"
#include "net/tso.h"
#include "netif/ethernet.h"

/* Below this a packet is copied: its page is worth more than the time. */
#define COPY_MAX 256

#define CHECK_TRANSPORT (NETIF_CHECKSUM_CHECK_UDP | NETIF_CHECKSUM_CHECK_TCP)
#define CHECKSUMS       (NETIF_CHECKSUM_ENABLE_ALL & ~NETIF_CHECKSUM_GEN_TCP)

struct stack_device {
	struct netif netif;
	struct netdev *dev;
	struct netdev_upper upper;
	struct stack_device *next_dirty; /* with the core's lock, as the next */
	bool dirty;
};

/* --- The core's lock ------------------------------------------------------------------------- */

/*
 * One mutex guards all of lwIP. Whoever holds it may send any number of packets; releasing it
 * shows them to their devices, with one notice for each. The order of locks: this one first, then
 * the devices' own. A network thread takes it with no device locked, once a burst.
 */

static MUTEX(core);
static struct stack_device *dirty; /* devices with packets to show; with the core's lock */

void net_core_lock(void)
{
	mutex_lock(&core);
}

void net_core_unlock(void)
{
	while (dirty) {
		struct stack_device *sd = dirty;

		dirty = sd->next_dirty;
		sd->dirty = false;
		netdev_flush(sd->dev);
	}
	mutex_unlock(&core);
}

int net_core_held(void)
{
	return mutex_held(&core);
}

static void mark_dirty(struct stack_device *sd)
{
	if (sd->dirty)
		return;
	sd->dirty = true;
	sd->next_dirty = dirty;
	dirty = sd;
}

/* --- Sending --------------------------------------------------------------------------------- */

static bool is_tcp(const struct packet *packet)
{
	const uint8_t *head = packet_head(packet, ETH_HEADER_LEN + 20);

	if (!head)
		return false;
	if (head[12] == 0x08 && head[13] == 0x00)
		return head[ETH_HEADER_LEN + 9] == 6;
	return head[12] == 0x86 && head[13] == 0xdd && head[ETH_HEADER_LEN + 6] == 6;
}

static err_t send_pbuf(struct netif *netif, struct pbuf *p)
{
	struct stack_device *sd = netif->state;
	struct packet *packet = packet_alloc_len(p->tot_len);
	u16_t done = 0;

	if (!packet)
		return ERR_MEM;
	for (uint32_t i = 0; i < packet->frag_count; i++) {
		struct packet_frag *frag = &packet->frags[i];

		done += pbuf_copy_partial(p, frag->data, (u16_t)frag->len, done);
	}
	packet->csum = PACKET_CSUM_VALID;
	if (is_tcp(packet)) {
		if (packet->len > ETH_HEADER_LEN + (uint32_t)netif->mtu)
			tso_mark(packet, netif->mtu);
		offload_prepare(packet);
	}
	netdev_transmit(sd->dev, packet);
	mark_dirty(sd);
	return ERR_OK;
}

/* --- Receiving: on a network thread ---------------------------------------------------------- */

/* A piece of a received packet inside lwIP; holds one reference. */
struct rx_pbuf {
	struct pbuf_custom custom; /* first: lwIP hands it back */
	struct packet *packet;
};

static void free_rx_pbuf(struct pbuf *p)
{
	struct rx_pbuf *rx = (struct rx_pbuf *)p;

	packet_put(rx->packet);
	mem_free(rx);
}

static struct pbuf *wrap_frag(struct packet *packet, const struct packet_frag *frag)
{
	struct rx_pbuf *rx = mem_malloc(sizeof(*rx));

	if (!rx)
		return NULL;
	rx->custom.custom_free_function = free_rx_pbuf;
	rx->packet = packet_get(packet);
	return pbuf_alloced_custom(PBUF_RAW, (u16_t)frag->len, PBUF_REF, &rx->custom, frag->data,
				   (u16_t)frag->len);
}

static struct pbuf *wrap(struct packet *packet)
{
	struct pbuf *head = NULL;

	for (uint32_t i = 0; i < packet->frag_count; i++) {
		struct pbuf *p = wrap_frag(packet, &packet->frags[i]);

		if (!p) {
			if (head)
				pbuf_free(head);
			return NULL;
		}
		if (head)
			pbuf_cat(head, p);
		else
			head = p;
	}
	return head;
}

static struct pbuf *copy(const struct packet *packet)
{
	struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)packet->len, PBUF_RAM);

	if (p)
		packet_read(packet, 0, p->payload, packet->len);
	return p;
}

/*
 * lwIP writes into headers, so what others hold too is copied; and so is all that fits a piece of
 * the heap while pages are short, because there it takes less room.
 */
static struct pbuf *to_pbuf(struct packet *packet)
{
	bool small = packet->len <= COPY_MAX || packet_shared(packet);
	bool tight = packet->len <= PAGE_SIZE / 2 && page_free_count() < page_total_count() / 4;

	return small || tight ? copy(packet) : wrap(packet);
}

static void input(struct stack_device *sd, struct packet *packet)
{
	struct pbuf *p = to_pbuf(packet);
	bool verified = packet->csum != PACKET_CSUM_NONE;

	packet_put(packet);
	if (!p) {
		netdev_count(&sd->dev->stats.rx_dropped, 1);
		return;
	}
	NETIF_SET_CHECKSUM_CTRL(&sd->netif, verified ? CHECKSUMS & ~CHECK_TRANSPORT : CHECKSUMS);
	if (ethernet_input(p, &sd->netif) != ERR_OK)
		pbuf_free(p);
}

static void receive(struct netdev_upper *upper, struct list *packets)
{
	struct stack_device *sd = container_of(upper, struct stack_device, upper);
	struct list *node;

	net_core_lock();
	while ((node = list_pop_front(packets)))
		input(sd, list_entry(node, struct packet, link));
	net_core_unlock();
}

/* What was lost meanwhile goes at once, not when a timer says so that doubled each time. */
static void send_again(struct netif *netif)
{
	for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
		if (pcb->unacked && ip_route(&pcb->local_ip, &pcb->remote_ip) == netif)
			tcp_rexmit_rto(pcb);
}

/*
 * A link that is down loses packets, and whoever misses them sends them again. lwIP would rather
 * have no route, and end connections for that: it hears only that a link is up anew, and asks
 * whether its addresses still hold.
 */
static void link_changed(struct netdev_upper *upper, bool up)
{
	struct stack_device *sd = container_of(upper, struct stack_device, upper);

	if (!up)
		return;
	net_core_lock();
	netif_set_link_down(&sd->netif);
	netif_set_link_up(&sd->netif);
	send_again(&sd->netif);
	net_core_unlock();
}

/* --- Making an interface --------------------------------------------------------------------- */

/* Called by lwIP with its core's lock. */
static err_t init_netif(struct netif *netif)
{
	struct stack_device *sd = netif->state;

	netif->name[0] = sd->dev->name[0];
	netif->name[1] = sd->dev->name[1];
	netif->output = etharp_output;
	netif->output_ip6 = ethip6_output;
	netif->linkoutput = send_pbuf;
	netif->mtu = sd->dev->mtu;
	netif->hwaddr_len = ETH_HWADDR_LEN;
	memcpy(netif->hwaddr, sd->dev->mac, ETH_HWADDR_LEN);
	netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
		       NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
	NETIF_SET_CHECKSUM_CTRL(netif, CHECKSUMS);
	return ERR_OK;
}

struct netif *stack_add_device(struct netdev *dev)
{
	struct stack_device *sd = net_heap_alloc_zero(1, sizeof(*sd));
	struct netif *netif;

	if (!sd)
		return NULL;
	sd->dev = dev;
	sd->upper = (struct netdev_upper){ receive, link_changed };
	netif = &sd->netif;
	net_core_lock();
	if (!netif_add(netif, IP4_ADDR_ANY4, IP4_ADDR_ANY4, IP4_ADDR_ANY4, sd, init_netif,
		       ethernet_input)) {
		net_core_unlock();
		net_heap_free(sd);
		return NULL;
	}
	netif_create_ip6_linklocal_address(netif, 1);
	netif_set_ip6_autoconfig_enabled(netif, 1);
	if (!netif_default)
		netif_set_default(netif);
	netif_set_up(netif);
	net_core_unlock();
	netdev_attach(dev, &sd->upper);
	return netif;
}

struct netdev *stack_device(const struct netif *netif)
{
	if (netif->linkoutput != send_pbuf)
		return NULL;
	return ((const struct stack_device *)netif->state)->dev;
}
