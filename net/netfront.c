/* SPDX-License-Identifier: MIT */
/*
 * The frontend's data path. Packets are granted where they lie, one grant per slot, and received
 * pages go up without a copy; neither needs a hypercall. The backend may only read the ones and
 * has lost access to the others before we look: after gnttab_end nothing changes under our eyes.
 *
 * Sending. A packet takes one slot, one grant and one reference for each of its pieces: its pages
 * go when the last of them was answered, in whatever order that happens. Packets that find no room
 * wait in the backlog, and go when answers come.
 *
 * Receiving. Slot n of our table is entry n of the ring, whatever id an answer tells. A buffer
 * whose answer was an extra (no data came to it) stays granted, and is posted again when the ring
 * comes round. What a connection of the stack holds of received pages is bounded by its window;
 * what the ring holds, by rx_target.
 */

#include "net/netfront.h"

#include <errno.h>

#include "guest/console.h"
#include "guest/irq.h"
#include "guest/page.h"
#include "guest/vmap.h"

#define RETRY_NS (10 * NS_PER_MS)

/* The backend did what it may not: nothing on the rings is believed any more. */
static void give_up(struct netfront *front, const char *why)
{
	unsigned long flags = irq_save();
	bool was = front->connected;

	front->connected = false;
	irq_restore(flags);
	if (was) {
		console_print("%s: %s; disconnected\n", front->dev.name, why);
		netdev_set_link(&front->dev, false);
	}
}

/* --- Sending: upcalls masked ----------------------------------------------------------------- */

static void free_tx_slot(struct netfront *front, uint16_t id)
{
	front->tx_slots[id].busy = false;
	front->tx_slots[id].packet = NULL;
	front->tx_slots[id].next = front->tx_free;
	front->tx_free = id;
	front->tx_free_count++;
}

/* A slot with a grant reference; the caller has made sure that one is free. -1 without reference.
 */
static int take_tx_slot(struct netfront *front)
{
	uint16_t id = front->tx_free;
	struct netfront_tx_slot *slot = &front->tx_slots[id];

	if (!slot->ref) {
		int ref = gnttab_alloc();

		if (ref < 0)
			return -1;
		slot->ref = (grant_ref_t)ref;
	}
	front->tx_free = slot->next;
	front->tx_free_count--;
	slot->busy = true;
	slot->packet = NULL;
	return id;
}

/* Frees what the backend has answered. False when its answers make no sense. */
static bool reap_sent(struct netfront *front)
{
	RING_IDX prod = READ_ONCE(front->tx.sring->rsp_prod);

	if (prod - front->tx.rsp_cons > front->tx.req_prod_pvt - front->tx.rsp_cons)
		return false;
	rmb(); /* the index before the responses that it announces */
	while (front->tx.rsp_cons != prod) {
		struct netif_tx_response rsp;
		struct netfront_tx_slot *slot;

		RING_COPY_RESPONSE(&front->tx, front->tx.rsp_cons, &rsp);
		front->tx.rsp_cons++;
		if (rsp.status == NETIF_RSP_NULL)
			continue;
		if (rsp.id >= NETFRONT_SLOTS || !front->tx_slots[rsp.id].busy)
			return false;
		slot = &front->tx_slots[rsp.id];
		/* Still mapped though answered: the page stays lost rather than change owners. */
		if (gnttab_end(slot->ref))
			return false;
		packet_put(slot->packet);
		free_tx_slot(front, rsp.id);
	}
	return true;
}

static uint16_t csum_flags(const struct packet *packet)
{
	if (packet->csum == PACKET_CSUM_BLANK)
		return NETTXF_csum_blank | NETTXF_data_validated;
	return packet->csum == PACKET_CSUM_VALID ? NETTXF_data_validated : 0;
}

static void add_gso_extra(struct netfront *front, const struct packet *packet)
{
	struct netif_tx_request *req = RING_GET_REQUEST(&front->tx, front->tx.req_prod_pvt);

	netring_gso_extra((struct netif_extra_info *)req, packet->gso, packet->gso_size);
	front->tx.req_prod_pvt++;
}

/* Grants one piece and puts its request on the ring. */
static void add_request(struct netfront *front, uint16_t id, const struct packet_frag *frag,
			uint16_t size, uint16_t flags)
{
	struct netif_tx_request *req = RING_GET_REQUEST(&front->tx, front->tx.req_prod_pvt);

	gnttab_access(front->tx_slots[id].ref, front->backend, virt_to_mfn(frag->data), true);
	*req = (struct netif_tx_request){
		.gref = front->tx_slots[id].ref,
		.offset = (uint16_t)((uintptr_t)frag->data & (PAGE_SIZE - 1)),
		.flags = flags,
		.id = id,
		.size = size,
	};
	front->tx.req_prod_pvt++;
}

/* Takes the packet over, or answers false: no room now. */
static bool enqueue(struct netfront *front, struct packet *packet)
{
	uint32_t extras = packet->gso != PACKET_GSO_NONE, count = packet->frag_count;
	int ids[PACKET_FRAGS];

	if (RING_FREE_REQUESTS(&front->tx) < count + extras || front->tx_free_count < count)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		ids[i] = take_tx_slot(front);
		if (ids[i] >= 0)
			continue;
		while (i--)
			free_tx_slot(front, (uint16_t)ids[i]);
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint16_t flags = i + 1 < count ? NETTXF_more_data : 0;

		if (i == 0)
			flags |= csum_flags(packet) | (extras ? NETTXF_extra_info : 0);
		/* The first request tells the size of the whole packet. */
		front->tx_slots[ids[i]].packet = i ? packet_get(packet) : packet;
		add_request(front, (uint16_t)ids[i], &packet->frags[i],
			    (uint16_t)(i ? packet->frags[i].len : packet->len), flags);
		if (i == 0 && extras)
			add_gso_extra(front, packet);
	}
	return true;
}

static void push_backlog(struct netfront *front)
{
	struct packet *packet;

	while ((packet = packet_queue_peek(&front->backlog)) && enqueue(front, packet))
		packet_queue_pop(&front->backlog);
}

/* False: the packet is not taken. */
static bool send_or_queue(struct netfront *front, struct packet *packet)
{
	if (!front->connected || !reap_sent(front))
		return false;
	push_backlog(front);
	return (!packet_queue_count(&front->backlog) && enqueue(front, packet)) ||
	       packet_queue_push(&front->backlog, packet);
}

static void transmit(struct netdev *dev, struct packet *packet)
{
	struct netfront *front = container_of(dev, struct netfront, dev);
	unsigned long flags;
	bool taken;

	if (packet->frag_count > 1 && !front->sg) {
		struct packet *copy = packet_copy(packet);

		packet_put(packet);
		packet = copy;
	}
	if (!packet || (packet->frag_count > 1 && !front->sg)) {
		packet_put(packet);
		dev->stats.tx_dropped++;
		return;
	}
	flags = irq_save();
	taken = send_or_queue(front, packet);
	irq_restore(flags);
	if (!taken) {
		dev->stats.tx_dropped++;
		packet_put(packet);
	}
}

/*
 * Publishes, and asks for an event when half of what is out has been answered, or, while packets
 * wait for room, the next. The event index is written before the answers are looked at again, so
 * none is missed in between.
 */
static void flush(struct netdev *dev)
{
	struct netfront *front = container_of(dev, struct netfront, dev);
	unsigned long flags = irq_save();
	RING_IDX out;
	int notify;

	if (front->connected) {
		RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&front->tx, notify);
		if (notify)
			evtchn_notify(front->tx_port);
		out = front->tx.req_prod_pvt - front->tx.rsp_cons;
		if (packet_queue_count(&front->backlog))
			out = 0;
		WRITE_ONCE(front->tx.sring->rsp_event, front->tx.rsp_cons + out / 2 + 1);
		mb();
		if (READ_ONCE(front->tx.sring->rsp_prod) - front->tx.rsp_cons > out / 2)
			net_schedule(&front->poller);
	}
	irq_restore(flags);
}

static const struct netdev_ops ops = { transmit, flush };

/* --- Receiving: on the network thread -------------------------------------------------------- */

static bool prepare_rx_slot(struct netfront *front, struct netfront_rx_slot *slot)
{
	if (slot->page)
		return true; /* its response was an extra: the page is still granted */
	if (!slot->ref) {
		int ref = gnttab_alloc();

		if (ref < 0)
			return false;
		slot->ref = (grant_ref_t)ref;
	}
	slot->page = page_alloc(0);
	if (!slot->page)
		return false;
	gnttab_access(slot->ref, front->backend, virt_to_mfn(slot->page), false);
	return true;
}

/* Request and response of one buffer have the same place on the ring (netif.h: rx response). */
static void refill(struct netfront *front)
{
	int notify;

	while (front->rx.req_prod_pvt - front->rx.rsp_cons < front->rx_target) {
		RING_IDX at = front->rx.req_prod_pvt;
		struct netfront_rx_slot *slot = &front->rx_slots[at % NETFRONT_SLOTS];

		if (!prepare_rx_slot(front, slot)) {
			timer_start(&front->retry, clock_deadline(RETRY_NS));
			break;
		}
		*RING_GET_REQUEST(&front->rx, at) = (struct netif_rx_request){
			.id = (uint16_t)(at % NETFRONT_SLOTS),
			.gref = slot->ref,
		};
		front->rx.req_prod_pvt++;
	}
	RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&front->rx, notify);
	if (notify)
		evtchn_notify(front->rx_port);
}

/* Takes the pages of the decoded slots back; true when all of them are ours again. */
static bool collect(struct netfront *front, const struct netring_packet *decoded,
		    struct packet *packet)
{
	for (uint32_t i = 0; i < decoded->data_count; i++) {
		RING_IDX at = front->rx.rsp_cons + decoded->data[i].slot;
		struct netfront_rx_slot *slot = &front->rx_slots[at % NETFRONT_SLOTS];

		if (!slot->page || gnttab_end(slot->ref))
			return false;
		packet_append(packet, slot->page + decoded->data[i].offset, decoded->data[i].len);
		slot->page = NULL;
	}
	return true;
}

static bool apply_flags(struct packet *packet, const struct netring_packet *decoded)
{
	packet->gso = decoded->gso;
	packet->gso_size = decoded->gso_size;
	if (decoded->gso || decoded->flags & NETRXF_csum_blank)
		return offload_prepare(packet) == 0;
	packet->csum =
		decoded->flags & NETRXF_data_validated ? PACKET_CSUM_VALID : PACKET_CSUM_NONE;
	return true;
}

/*
 * Handles the packet at the ring's head. A refused one, or one without memory for it, leaves its
 * pages in their slots, to be posted again.
 */
static int receive_one(struct netfront *front, const struct netring_packet *decoded, int err)
{
	struct packet *packet = err ? NULL : packet_alloc();

	if (packet && !collect(front, decoded, packet)) {
		packet_put(packet);
		return -EPROTO;
	}
	front->rx.rsp_cons += decoded->slots;
	if (packet && apply_flags(packet, decoded)) {
		netdev_receive(&front->dev, packet);
		return 0;
	}
	packet_put(packet);
	front->dev.stats.rx_dropped++;
	return 0;
}

/* Handles up to NET_BUDGET packets: how many, or -EPROTO. */
static int receive(struct netfront *front)
{
	int packets = 0;

	while (packets < NET_BUDGET) {
		RING_IDX prod = READ_ONCE(front->rx.sring->rsp_prod), cons = front->rx.rsp_cons;
		struct netif_rx_response copies[NETRING_CHAIN_MAX + NETRING_EXTRAS_MAX];
		struct netring_packet decoded;
		uint32_t count = prod - cons, look = 1;
		int err = -EAGAIN;

		if (!count)
			break;
		if (count > front->rx.req_prod_pvt - cons)
			return -EPROTO;
		rmb(); /* the index before the responses that it announces */
		/* Most packets have one slot: copy more only when that one says so. */
		while (err == -EAGAIN && look <= MIN(count, ARRAY_SIZE(copies))) {
			for (uint32_t i = look > 1 ? look / 2 : 0; i < look; i++)
				RING_COPY_RESPONSE(&front->rx, cons + i, &copies[i]);
			err = netring_decode_rx(copies, look, &decoded);
			look = look < count ? MIN(look * 2, count) : look + 1;
		}
		/* A backend publishes packets whole. */
		if (err == -EAGAIN || err == -EPROTO || receive_one(front, &decoded, err))
			return -EPROTO;
		packets++;
	}
	return packets;
}

static bool serve_tx(struct netfront *front)
{
	unsigned long flags = irq_save();
	bool fine = !front->connected || reap_sent(front), waiting = false;

	if (fine && front->connected) {
		waiting = packet_queue_count(&front->backlog);
		push_backlog(front);
	}
	irq_restore(flags);
	if (waiting)
		flush(&front->dev);
	return fine;
}

static bool poll(struct poller *poller)
{
	struct netfront *front = container_of(poller, struct netfront, poller);
	int packets, more = 0;

	if (!READ_ONCE(front->connected))
		return false;
	packets = receive(front);
	if (packets < 0 || !serve_tx(front)) {
		give_up(front, "the backend broke the rules of the ring");
		return false;
	}
	refill(front);
	if (packets)
		netdev_receive_done(&front->dev);
	if (packets < NET_BUDGET)
		RING_FINAL_CHECK_FOR_RESPONSES(&front->rx, more);
	return packets == NET_BUDGET || more;
}

/* --- For the handshake ----------------------------------------------------------------------- */

void netfront_event(evtchn_port_t port, void *arg)
{
	struct netfront *front = arg;

	net_schedule(&front->poller);
}

static void retry(struct clock_timer *timer)
{
	net_schedule(timer->arg);
}

void netfront_init(struct netfront *front)
{
	front->dev.ops = &ops;
	poller_init(&front->poller, poll);
	timer_init(&front->retry, retry, &front->poller);
	/* A sixteenth of the memory, and enough for the largest packet. */
	front->rx_target =
		(uint32_t)MAX(MIN(page_total_count() / 16, (size_t)NETFRONT_SLOTS), 32UL);
}

void netfront_pause(struct netfront *front)
{
	unsigned long flags = irq_save();

	front->connected = false;
	irq_restore(flags);
	timer_stop(&front->retry);
	net_cancel(&front->poller);
}

void netfront_continue(struct netfront *front)
{
	WRITE_ONCE(front->connected, true);
	net_schedule(&front->poller);
}

void netfront_start(struct netfront *front)
{
	front->tx_free = NETFRONT_SLOTS;
	front->tx_free_count = 0;
	for (uint16_t id = NETFRONT_SLOTS; id--;)
		free_tx_slot(front, id);
	netfront_continue(front);
}

/* Takes the slot's grant away; a page that the backend still holds is freed when it lets go. */
static void drop_rx_slot(struct netfront_rx_slot *slot)
{
	if (slot->page)
		gnttab_revoke_page(slot->ref, slot->page);
	else if (slot->ref)
		gnttab_free(slot->ref);
	*slot = (struct netfront_rx_slot){ 0 };
}

/* A packet of which the backend still maps a piece is kept for ever: at most a ring full. */
static void drop_tx_slots(struct netfront *front)
{
	for (uint32_t i = 0; i < NETFRONT_SLOTS; i++) {
		struct netfront_tx_slot *slot = &front->tx_slots[i];

		if (slot->busy && gnttab_revoke(slot->ref) == 0)
			packet_put(slot->packet);
		else if (!slot->busy && slot->ref)
			gnttab_free(slot->ref);
		*slot = (struct netfront_tx_slot){ 0 };
	}
}

void netfront_stop(struct netfront *front)
{
	netfront_pause(front);
	drop_tx_slots(front);
	for (uint32_t i = 0; i < NETFRONT_SLOTS; i++)
		drop_rx_slot(&front->rx_slots[i]);
	packet_queue_clear(&front->backlog);
}
