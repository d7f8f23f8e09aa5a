/* SPDX-License-Identifier: MIT */
/*
 * virtio-net: one receive and one transmit queue with MSI-X. Received packets stay in the pages
 * that the card filled, sent ones in those that they came in; the header goes in front of both.
 *
 * Receiving asks for an interrupt when the queue is empty; sending asks for none, but while
 * packets wait for room: what was sent is freed when the next packet goes out. A large packet
 * that was received spans several buffers (VIRTIO_NET_F_MRG_RXBUF), the first of which says how
 * many; they may come in several turns of the network thread, so a packet that is not whole yet
 * waits in `partial`.
 */

#include "net/virtio_net.h"

#include <errno.h>
#include <stdlib.h>

#include "guest/clock.h"
#include "guest/console.h"
#include "guest/page.h"
#include "guest/spinlock.h"
#include "guest/virtio/virtio.h"
#include "guest/vmap.h"
#include "lib/format.h"
#include "net/gro.h"
#include "net/packet_queue.h"
#include "net/poll.h"

#define F_CSUM       0
#define F_GUEST_CSUM 1
#define F_MTU        3
#define F_MAC        5
#define F_GUEST_TSO4 7
#define F_GUEST_TSO6 8
#define F_HOST_TSO4  11
#define F_HOST_TSO6  12
#define F_MRG_RXBUF  15
#define F_STATUS     16

#define CONFIG_MAC    0
#define CONFIG_STATUS 6
#define CONFIG_MTU    10
#define STATUS_LINK   1

#define QUEUE_RX 0
#define QUEUE_TX 1

#define RETRY_NS (10 * NS_PER_MS)

#define HDR_NEEDS_CSUM 1
#define HDR_DATA_VALID 2
#define HDR_GSO_TCPV4  1
#define HDR_GSO_TCPV6  4
#define HDR_GSO_ECN    0x80

struct net_hdr { /* 5.1.6.1, with VERSION_1 */
	uint8_t flags;
	uint8_t gso_type;
	uint16_t hdr_len;
	uint16_t gso_size;
	uint16_t csum_start;
	uint16_t csum_offset;
	uint16_t num_buffers;
};

_Static_assert(sizeof(struct net_hdr) <= PACKET_HEADROOM, "header in the headroom");

struct virtio_net {
	struct netdev dev;
	struct virtio_dev virtio;
	struct virtio_queue *rx;     /* only on its network thread */
	struct spinlock lock;
	struct virtio_queue *tx;     /* with the lock */
	struct packet_queue backlog; /* what found no room in tx; with the lock */
	struct poller poller;
	struct clock_timer retry;
	unsigned int rx_target;   /* buffers that the card should have */
	struct packet *partial;   /* its first buffers are here; */
	uint32_t partial_missing; /* so many more belong to it */
	bool partial_bad;
	bool dead; /* stopped for good */
};

/* Gives the card pages to fill. Without memory for that, tries again later: no event would come. */
static void refill(struct virtio_net *net)
{
	while ((unsigned int)net->rx->vq.size - net->rx->vq.free_count < net->rx_target) {
		void *page = page_alloc(0);
		struct vqueue_seg seg;

		if (!page) {
			timer_start(&net->retry, clock_deadline(RETRY_NS));
			break;
		}
		seg = (struct vqueue_seg){ .addr = virt_to_maddr(page), .len = PAGE_SIZE };
		vqueue_add(&net->rx->vq, &seg, 0, 1, page);
	}
	virtio_kick(net->rx);
}

/* --- Receiving ------------------------------------------------------------------------------- */

/* Believes a header's checksum and GSO only as far as the packet bears it out. */
static bool apply_header(struct packet *packet, const struct net_hdr *hdr)
{
	uint8_t gso = hdr->gso_type & (uint8_t)~HDR_GSO_ECN;

	if (gso) {
		if (gso != HDR_GSO_TCPV4 && gso != HDR_GSO_TCPV6)
			return false;
		packet->gso = gso == HDR_GSO_TCPV4 ? PACKET_GSO_TCPV4 : PACKET_GSO_TCPV6;
		packet->gso_size = hdr->gso_size;
	}
	if (gso || hdr->flags & HDR_NEEDS_CSUM)
		return offload_prepare(packet) == 0;
	packet->csum = hdr->flags & HDR_DATA_VALID ? PACKET_CSUM_VALID : PACKET_CSUM_NONE;
	return true;
}

static struct net_hdr *header_of(const struct packet *packet)
{
	return (struct net_hdr *)(packet->frags[0].data - sizeof(struct net_hdr));
}

static void start_packet(struct virtio_net *net, uint8_t *page, uint32_t written)
{
	const struct net_hdr *hdr = (const struct net_hdr *)page;
	uint16_t buffers = virtio_has(&net->virtio, F_MRG_RXBUF) ? READ_ONCE(hdr->num_buffers) : 1;

	net->partial = packet_alloc();
	net->partial_missing = MAX(buffers, 1);
	net->partial_bad =
		!net->partial || written < sizeof(*hdr) + ETH_HEADER_LEN || buffers > PACKET_FRAGS;
	if (!net->partial)
		page_free(page, 0);
	else
		packet_append(net->partial, page + sizeof(*hdr),
			      written < sizeof(*hdr) ? 0 : written - (uint32_t)sizeof(*hdr));
}

static void continue_packet(struct virtio_net *net, uint8_t *page, uint32_t written)
{
	if (net->partial_bad || !written || net->partial->len + written > PACKET_LEN_MAX) {
		net->partial_bad = true;
		page_free(page, 0);
		return;
	}
	packet_append(net->partial, page, written);
}

static void end_packet(struct virtio_net *net, struct list *burst)
{
	struct packet *packet = net->partial;

	net->partial = NULL;
	if (!net->partial_bad && apply_header(packet, header_of(packet))) {
		list_push_back(burst, &packet->link);
		return;
	}
	netdev_count(&net->dev.stats.rx_dropped, 1);
	packet_put(packet);
}

/* Appends at most NET_BUDGET packets to the burst; how many came. */
static int receive(struct virtio_net *net, struct list *burst)
{
	int packets = 0;

	while (packets < NET_BUDGET) {
		uint32_t written;
		uint8_t *page = vqueue_reap(&net->rx->vq, &written);

		if (!page)
			break;
		if (net->partial_missing)
			continue_packet(net, page, written);
		else
			start_packet(net, page, written);
		if (--net->partial_missing == 0) {
			end_packet(net, burst);
			packets++;
		}
	}
	return packets;
}

/* --- Sending --------------------------------------------------------------------------------- */

static void write_header(const struct packet *packet, struct net_hdr *hdr)
{
	*hdr = (struct net_hdr){ 0 };
	if (packet->csum != PACKET_CSUM_BLANK)
		return;
	hdr->flags = HDR_NEEDS_CSUM;
	hdr->csum_start = packet->csum_start;
	hdr->csum_offset = packet->csum_offset;
	if (packet->gso == PACKET_GSO_NONE)
		return;
	hdr->gso_type = packet->gso == PACKET_GSO_TCPV4 ? HDR_GSO_TCPV4 : HDR_GSO_TCPV6;
	hdr->gso_size = packet->gso_size;
	hdr->hdr_len = (uint16_t)offload_header_len(packet);
}

/*
 * Puts one packet on the ring, its header in front of its first byte. A packet that several hold
 * is no exception: the header is the same for all, and nobody else looks at the bytes before the
 * first.
 */
static int enqueue(struct virtio_net *net, struct packet *packet)
{
	struct vqueue_seg segs[PACKET_FRAGS];

	write_header(packet, header_of(packet));
	for (uint32_t i = 0; i < packet->frag_count; i++)
		segs[i] = (struct vqueue_seg){
			.addr = virt_to_maddr(packet->frags[i].data),
			.len = packet->frags[i].len,
		};
	segs[0].addr -= sizeof(struct net_hdr);
	segs[0].len += sizeof(struct net_hdr);
	return vqueue_add(&net->tx->vq, segs, packet->frag_count, 0, packet);
}

/* Frees what the card has sent. With the lock. */
static void reap_sent(struct virtio_net *net)
{
	struct packet *packet;
	uint32_t written;

	while ((packet = vqueue_reap(&net->tx->vq, &written)))
		packet_put(packet);
}

/* Moves waiting packets to the ring as room allows. With the lock. */
static void push_backlog(struct virtio_net *net)
{
	struct packet *packet;

	while ((packet = packet_queue_peek(&net->backlog)) && enqueue(net, packet) == 0)
		packet_queue_pop(&net->backlog);
}

static void transmit(struct netdev *dev, struct packet *packet)
{
	struct virtio_net *net = container_of(dev, struct virtio_net, dev);
	unsigned long flags;

	if (packet_headroom(packet) < sizeof(struct net_hdr)) {
		struct packet *copy = packet_copy(packet);

		packet_put(packet);
		if (!copy) {
			netdev_count(&dev->stats.tx_dropped, 1);
			return;
		}
		packet = copy;
	}
	flags = spin_lock_save(&net->lock);
	reap_sent(net);
	push_backlog(net);
	if ((packet_queue_count(&net->backlog) || enqueue(net, packet)) &&
	    !packet_queue_push(&net->backlog, packet)) {
		netdev_count(&dev->stats.tx_dropped, 1);
		packet_put(packet);
	}
	spin_unlock_restore(&net->lock, flags);
}

static void flush(struct netdev *dev)
{
	struct virtio_net *net = container_of(dev, struct virtio_net, dev);
	unsigned long flags = spin_lock_save(&net->lock);

	virtio_kick(net->tx);
	/* Interrupts only when packets wait for room; what was sent is freed when the next goes. */
	if (packet_queue_count(&net->backlog) && vqueue_arm(&net->tx->vq, 1))
		net_schedule(&net->poller);
	spin_unlock_restore(&net->lock, flags);
}

static const struct netdev_ops ops = { transmit, flush };

/* --- The network thread's part --------------------------------------------------------------- */

static void serve_backlog(struct virtio_net *net)
{
	unsigned long flags;

	if (!READ_ONCE(net->backlog.tail) ||
	    READ_ONCE(net->backlog.tail) == READ_ONCE(net->backlog.head))
		return;
	flags = spin_lock_save(&net->lock);
	reap_sent(net);
	push_backlog(net);
	spin_unlock_restore(&net->lock, flags);
	flush(&net->dev);
}

static void give_up(struct virtio_net *net)
{
	console_print("%s: the card broke the rules of its queues and is stopped\n", net->dev.name);
	virtio_reset(&net->virtio);
	net->dead = true;
	netdev_set_link(&net->dev, false);
}

static bool poll(struct poller *poller)
{
	struct virtio_net *net = container_of(poller, struct virtio_net, poller);
	struct list burst = LIST_INIT(burst);
	int packets;

	if (net->dead)
		return false;
	packets = receive(net, &burst);
	refill(net);
	gro_join(&burst);
	netdev_receive(&net->dev, &burst);
	serve_backlog(net);
	if (net->rx->vq.broken || net->tx->vq.broken) {
		give_up(net);
		return false;
	}
	return packets == NET_BUDGET || vqueue_arm(&net->rx->vq, 1);
}

static void rx_event(evtchn_port_t port, void *arg)
{
	struct virtio_net *net = arg;

	if (!net->rx)
		return; /* before the queue is there, nothing of it can have happened */
	vqueue_disarm(&net->rx->vq);
	net_schedule(&net->poller);
	msix_eoi(&net->rx->vector);
}

static void tx_event(evtchn_port_t port, void *arg)
{
	struct virtio_net *net = arg;

	if (!net->tx)
		return;
	spin_lock(&net->lock);
	vqueue_disarm(&net->tx->vq);
	spin_unlock(&net->lock);
	net_schedule(&net->poller);
	msix_eoi(&net->tx->vector);
}

/* --- Opening --------------------------------------------------------------------------------- */

#define WANTED                                                                                \
	(1ULL << VIRTIO_F_EVENT_IDX | 1ULL << F_CSUM | 1ULL << F_GUEST_CSUM | 1ULL << F_MTU | \
	 1ULL << F_MAC | 1ULL << F_GUEST_TSO4 | 1ULL << F_GUEST_TSO6 | 1ULL << F_HOST_TSO4 |  \
	 1ULL << F_HOST_TSO6 | 1ULL << F_MRG_RXBUF | 1ULL << F_STATUS)

static void read_config(struct virtio_net *net)
{
	struct virtio_dev *virtio = &net->virtio;
	uint16_t value;

	if (virtio_has(virtio, F_CSUM))
		net->dev.offloads |= OFFLOAD_CSUM4 | OFFLOAD_CSUM6;
	if (virtio_has(virtio, F_CSUM) && virtio_has(virtio, F_HOST_TSO4))
		net->dev.offloads |= OFFLOAD_TSO4;
	if (virtio_has(virtio, F_CSUM) && virtio_has(virtio, F_HOST_TSO6))
		net->dev.offloads |= OFFLOAD_TSO6;
	net->dev.mtu = 1500;
	if (virtio_has(virtio, F_MTU) && virtio_config(virtio, CONFIG_MTU, &value, sizeof(value)))
		net->dev.mtu = MAX(MIN(value, 9000), 576);
	net->dev.up = true;
	if (virtio_has(virtio, F_STATUS) &&
	    virtio_config(virtio, CONFIG_STATUS, &value, sizeof(value)))
		net->dev.up = value & STATUS_LINK;
	if (!virtio_has(virtio, F_MAC) ||
	    !virtio_config(virtio, CONFIG_MAC, net->dev.mac, sizeof(net->dev.mac)))
		net->dev.mac[0] = 0x02; /* locally administered, all else zero */
}

static int start(struct virtio_net *net)
{
	int err = virtio_negotiate(&net->virtio, WANTED);

	/* Large packets need many buffers or large ones; we offer pages. */
	if (!err && !virtio_has(&net->virtio, F_MRG_RXBUF) &&
	    (virtio_has(&net->virtio, F_GUEST_TSO4) || virtio_has(&net->virtio, F_GUEST_TSO6)))
		err = -EOPNOTSUPP;
	if (!err)
		err = virtio_add_queue(&net->virtio, QUEUE_RX, VQUEUE_SIZE_MAX, rx_event, net,
				       &net->rx);
	if (!err)
		err = virtio_add_queue(&net->virtio, QUEUE_TX, VQUEUE_SIZE_MAX, tx_event, net,
				       &net->tx);
	if (err)
		return err;
	read_config(net);
	virtio_start(&net->virtio);
	return 0;
}

static void retry(struct clock_timer *timer)
{
	net_schedule(timer->arg);
}

int virtio_net_open(struct netdev **dev)
{
	static unsigned int count;
	struct virtio_net *net = calloc(1, sizeof(*net));
	int err;

	if (!net)
		return -ENOMEM;
	poller_init(&net->poller, poll, count);
	timer_init(&net->retry, retry, &net->poller);
	net->rx_target = (unsigned int)MAX(MIN(page_total_count() / 16, 256UL), 32UL);
	net->dev.ops = &ops;
	str_format(net->dev.name, sizeof(net->dev.name), "eth%u", count);
	err = virtio_open(&net->virtio, VIRTIO_ID_NET);
	if (!err) {
		err = start(net);
		if (err)
			virtio_close(&net->virtio);
	}
	if (err) {
		free(net);
		return err;
	}
	count++;
	netdev_register(&net->dev);
	net_schedule(&net->poller); /* for its first buffers */
	*dev = &net->dev;
	return 0;
}
