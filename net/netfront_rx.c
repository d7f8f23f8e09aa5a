/* SPDX-License-Identifier: MIT */
/*
 * The frontend's data path, receiving: on the queue's network thread. Slot n of our table is entry
 * n of the ring, whatever id an answer tells. A buffer whose answer was an extra (no data came to
 * it) stays granted, and is posted again when the ring comes round. What a connection of the stack
 * holds of received pages is bounded by its window; what the ring holds, by rx_target.
 */

#include "net/netfront.h"

#include <errno.h>

#include "guest/page.h"
#include "guest/vmap.h"

#define RETRY_NS (10 * NS_PER_MS)

static bool prepare_rx_slot(struct netfront_queue *q, struct netfront_rx_slot *slot)
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
	gnttab_access(slot->ref, q->front->backend, virt_to_mfn(slot->page), false);
	return true;
}

/* Request and response of one buffer have the same place on the ring (netif.h: rx response). */
void netfront_rx_refill(struct netfront_queue *q)
{
	int notify;

	while (q->rx.req_prod_pvt - q->rx.rsp_cons < q->front->rx_target) {
		RING_IDX at = q->rx.req_prod_pvt;
		struct netfront_rx_slot *slot = &q->rx_slots[at % NETFRONT_SLOTS];

		if (!prepare_rx_slot(q, slot)) {
			timer_start(&q->retry, clock_deadline(RETRY_NS));
			break;
		}
		*RING_GET_REQUEST(&q->rx, at) = (struct netif_rx_request){
			.id = (uint16_t)(at % NETFRONT_SLOTS),
			.gref = slot->ref,
		};
		q->rx.req_prod_pvt++;
	}
	RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&q->rx, notify);
	if (notify)
		evtchn_notify(q->rx_port);
}

/* Takes the pages of the decoded slots back; true when all of them are ours again. */
static bool collect(struct netfront_queue *q, const struct netring_packet *decoded,
		    struct packet *packet)
{
	for (uint32_t i = 0; i < decoded->data_count; i++) {
		RING_IDX at = q->rx.rsp_cons + decoded->data[i].slot;
		struct netfront_rx_slot *slot = &q->rx_slots[at % NETFRONT_SLOTS];

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
static int receive_one(struct netfront_queue *q, const struct netring_packet *decoded, int err,
		       struct list *burst)
{
	struct packet *packet = err ? NULL : packet_alloc();

	if (packet && !collect(q, decoded, packet)) {
		packet_put(packet);
		return -EPROTO;
	}
	q->rx.rsp_cons += decoded->slots;
	if (packet && apply_flags(packet, decoded)) {
		list_push_back(burst, &packet->link);
		return 0;
	}
	packet_put(packet);
	netdev_count(&q->front->dev.stats.rx_dropped, 1);
	return 0;
}

int netfront_rx_serve(struct netfront_queue *q, struct list *burst)
{
	int packets = 0;

	while (packets < NET_BUDGET) {
		RING_IDX prod = READ_ONCE(q->rx.sring->rsp_prod), cons = q->rx.rsp_cons;
		struct netif_rx_response copies[NETRING_CHAIN_MAX + NETRING_EXTRAS_MAX];
		struct netring_packet decoded;
		uint32_t count = prod - cons, look = 1;
		int err = -EAGAIN;

		if (!count)
			break;
		if (count > q->rx.req_prod_pvt - cons)
			return -EPROTO;
		rmb(); /* the index before the responses that it announces */
		/* Most packets have one slot: copy more only when that one says so. */
		while (err == -EAGAIN && look <= MIN(count, ARRAY_SIZE(copies))) {
			for (uint32_t i = look > 1 ? look / 2 : 0; i < look; i++)
				RING_COPY_RESPONSE(&q->rx, cons + i, &copies[i]);
			err = netring_decode_rx(copies, look, &decoded);
			look = look < count ? MIN(look * 2, count) : look + 1;
		}
		/* A backend publishes packets whole. */
		if (err == -EAGAIN || err == -EPROTO || receive_one(q, &decoded, err, burst))
			return -EPROTO;
		packets++;
	}
	return packets;
}

/* Takes the slot's grant away; a page that the backend still holds is freed when it lets go. */
static void drop_slot(struct netfront_rx_slot *slot)
{
	if (slot->page)
		gnttab_revoke_page(slot->ref, slot->page);
	else if (slot->ref)
		gnttab_free(slot->ref);
	*slot = (struct netfront_rx_slot){ 0 };
}

void netfront_rx_stop(struct netfront_queue *q)
{
	for (uint32_t i = 0; i < NETFRONT_SLOTS; i++)
		drop_slot(&q->rx_slots[i]);
}
