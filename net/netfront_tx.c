/* SPDX-License-Identifier: MIT */
/*
 * The frontend's data path, sending. A packet takes one slot, one grant and one reference for each
 * of its pieces: its pages go when the last of them was answered, in whatever order that happens.
 * Packets that find no room wait in the backlog, and go when answers come. What a queue has for
 * sending is touched with its lock.
 */

#include "net/netfront.h"

#include "guest/vmap.h"
#include "net/flow.h"

static void free_tx_slot(struct netfront_queue *q, uint16_t id)
{
	q->tx_slots[id].busy = false;
	q->tx_slots[id].packet = NULL;
	q->tx_slots[id].next = q->tx_free;
	q->tx_free = id;
	q->tx_free_count++;
}

/* A slot with a grant reference; the caller has made sure that one is free. -1 without reference.
 */
static int take_tx_slot(struct netfront_queue *q)
{
	uint16_t id = q->tx_free;
	struct netfront_tx_slot *slot = &q->tx_slots[id];

	if (!slot->ref) {
		int ref = gnttab_alloc();

		if (ref < 0)
			return -1;
		slot->ref = (grant_ref_t)ref;
	}
	q->tx_free = slot->next;
	q->tx_free_count--;
	slot->busy = true;
	slot->packet = NULL;
	return id;
}

/* Frees what the backend has answered. False when its answers make no sense. */
static bool reap_sent(struct netfront_queue *q)
{
	RING_IDX prod = READ_ONCE(q->tx.sring->rsp_prod);

	if (prod - q->tx.rsp_cons > q->tx.req_prod_pvt - q->tx.rsp_cons)
		return false;
	rmb(); /* the index before the responses that it announces */
	while (q->tx.rsp_cons != prod) {
		struct netif_tx_response rsp;
		struct netfront_tx_slot *slot;

		RING_COPY_RESPONSE(&q->tx, q->tx.rsp_cons, &rsp);
		q->tx.rsp_cons++;
		if (rsp.status == NETIF_RSP_NULL)
			continue;
		if (rsp.id >= NETFRONT_SLOTS || !q->tx_slots[rsp.id].busy)
			return false;
		slot = &q->tx_slots[rsp.id];
		/* Still mapped though answered: the page stays lost rather than change owners. */
		if (gnttab_end(slot->ref))
			return false;
		packet_put(slot->packet);
		free_tx_slot(q, rsp.id);
	}
	return true;
}

static uint16_t csum_flags(const struct packet *packet)
{
	if (packet->csum == PACKET_CSUM_BLANK)
		return NETTXF_csum_blank | NETTXF_data_validated;
	return packet->csum == PACKET_CSUM_VALID ? NETTXF_data_validated : 0;
}

static void add_gso_extra(struct netfront_queue *q, const struct packet *packet)
{
	struct netif_tx_request *req = RING_GET_REQUEST(&q->tx, q->tx.req_prod_pvt);

	netring_gso_extra((struct netif_extra_info *)req, packet->gso, packet->gso_size);
	q->tx.req_prod_pvt++;
}

/* Grants one piece and puts its request on the ring. */
static void add_request(struct netfront_queue *q, uint16_t id, const struct packet_frag *frag,
			uint16_t size, uint16_t flags)
{
	struct netif_tx_request *req = RING_GET_REQUEST(&q->tx, q->tx.req_prod_pvt);

	gnttab_access(q->tx_slots[id].ref, q->front->backend, virt_to_mfn(frag->data), true);
	*req = (struct netif_tx_request){
		.gref = q->tx_slots[id].ref,
		.offset = (uint16_t)((uintptr_t)frag->data & (PAGE_SIZE - 1)),
		.flags = flags,
		.id = id,
		.size = size,
	};
	q->tx.req_prod_pvt++;
}

/* Takes the packet over, or answers false: no room now. */
static bool enqueue(struct netfront_queue *q, struct packet *packet)
{
	uint32_t extras = packet->gso != PACKET_GSO_NONE, count = packet->frag_count;
	int ids[PACKET_FRAGS];

	if (RING_FREE_REQUESTS(&q->tx) < count + extras || q->tx_free_count < count)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		ids[i] = take_tx_slot(q);
		if (ids[i] >= 0)
			continue;
		while (i--)
			free_tx_slot(q, (uint16_t)ids[i]);
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint16_t flags = i + 1 < count ? NETTXF_more_data : 0;

		if (i == 0)
			flags |= csum_flags(packet) | (extras ? NETTXF_extra_info : 0);
		/* The first request tells the size of the whole packet. */
		q->tx_slots[ids[i]].packet = i ? packet_get(packet) : packet;
		add_request(q, (uint16_t)ids[i], &packet->frags[i],
			    (uint16_t)(i ? packet->frags[i].len : packet->len), flags);
		if (i == 0 && extras)
			add_gso_extra(q, packet);
	}
	return true;
}

static void push_backlog(struct netfront_queue *q)
{
	struct packet *packet;

	while ((packet = packet_queue_peek(&q->backlog)) && enqueue(q, packet))
		packet_queue_pop(&q->backlog);
}

/* False: the packet is not taken. */
static bool send_or_queue(struct netfront_queue *q, struct packet *packet)
{
	if (!q->front->connected || !reap_sent(q))
		return false;
	push_backlog(q);
	return (!packet_queue_count(&q->backlog) && enqueue(q, packet)) ||
	       packet_queue_push(&q->backlog, packet);
}

static struct netfront_queue *choose_queue(struct netfront *front, const struct packet *packet)
{
	unsigned int count = front->queue_count;

	return front->queues[count > 1 ? packet_flow(packet) % count : 0];
}

static void drop(struct netdev *dev, struct packet *packet)
{
	netdev_count(&dev->stats.tx_dropped, 1);
	packet_put(packet);
}

static void transmit(struct netdev *dev, struct packet *packet)
{
	struct netfront *front = container_of(dev, struct netfront, dev);
	struct netfront_queue *q;
	unsigned long flags;
	bool taken;

	if (packet->frag_count > 1 && !front->sg) {
		struct packet *copy = packet_copy(packet);

		packet_put(packet);
		packet = copy;
	}
	if (!packet || (packet->frag_count > 1 && !front->sg) || !READ_ONCE(front->connected)) {
		drop(dev, packet);
		return;
	}
	q = choose_queue(front, packet);
	flags = spin_lock_save(&q->lock);
	taken = send_or_queue(q, packet);
	spin_unlock_restore(&q->lock, flags);
	if (!taken)
		drop(dev, packet);
}

/*
 * Publishes, and asks for an event when half of what is out has been answered, or, while packets
 * wait for room, the next. The event index is written before the answers are looked at again, so
 * none is missed in between. The backend is told without the lock: it may get our processor then. A
 * connection that ends in that moment costs one event for nobody.
 */
static void flush_queue(struct netfront_queue *q)
{
	unsigned long flags = spin_lock_save(&q->lock);
	evtchn_port_t port = q->tx_port;
	int notify = false;
	RING_IDX out;

	if (q->front->connected) {
		RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&q->tx, notify);
		out = q->tx.req_prod_pvt - q->tx.rsp_cons;
		if (packet_queue_count(&q->backlog))
			out = 0;
		WRITE_ONCE(q->tx.sring->rsp_event, q->tx.rsp_cons + out / 2 + 1);
		mb();
		if (READ_ONCE(q->tx.sring->rsp_prod) - q->tx.rsp_cons > out / 2)
			net_schedule(&q->poller);
	}
	spin_unlock_restore(&q->lock, flags);
	if (notify)
		evtchn_notify(port);
}

/* What was put on a ring since it was published shows which queues have something. */
static void flush(struct netdev *dev)
{
	struct netfront *front = container_of(dev, struct netfront, dev);

	for (unsigned int i = 0; READ_ONCE(front->connected) && i < front->queue_count; i++) {
		struct netfront_queue *q = front->queues[i];

		if (front->queue_count == 1 || packet_queue_count(&q->backlog) ||
		    READ_ONCE(q->tx.req_prod_pvt) != READ_ONCE(q->tx.sring->req_prod))
			flush_queue(q);
	}
}

const struct netdev_ops netfront_ops = { transmit, flush };

bool netfront_tx_serve(struct netfront_queue *q)
{
	unsigned long flags = spin_lock_save(&q->lock);
	bool fine = !q->front->connected || reap_sent(q), waiting = false;

	if (fine && q->front->connected) {
		waiting = packet_queue_count(&q->backlog);
		push_backlog(q);
	}
	spin_unlock_restore(&q->lock, flags);
	if (waiting)
		flush_queue(q);
	return fine;
}

void netfront_tx_start(struct netfront_queue *q)
{
	q->tx_free = NETFRONT_SLOTS;
	q->tx_free_count = 0;
	for (uint16_t id = NETFRONT_SLOTS; id--;)
		free_tx_slot(q, id);
}

/* A packet of which the backend still maps a piece is kept for ever: at most a ring full. */
void netfront_tx_stop(struct netfront_queue *q)
{
	for (uint32_t i = 0; i < NETFRONT_SLOTS; i++) {
		struct netfront_tx_slot *slot = &q->tx_slots[i];

		if (slot->busy && gnttab_revoke(slot->ref) == 0)
			packet_put(slot->packet);
		else if (!slot->busy && slot->ref)
			gnttab_free(slot->ref);
		*slot = (struct netfront_tx_slot){ 0 };
	}
	packet_queue_clear(&q->backlog);
}
