/* SPDX-License-Identifier: MIT */
/*
 * The backend's data path, from the guest: requests are copied from the ring, decoded, and the
 * data copied out of the guest's pages, a batch of packets with one hypercall. Only then they are
 * looked at, so the guest cannot change what was checked.
 *
 * One call of vif_receive:
 *	collect	  up to NET_BUDGET packets: their slots decoded, pages for them taken, and one grant
 *		  copy listed for each piece
 *	gnttab_copy   all of them
 *	judge	  each packet whose pieces all arrived is checked; the others are refused
 *	answer	  every slot gets its answer, in the order of the requests
 *	deliver	  good packets go to the switch
 *
 * What a guest can do to others by this: keep the thread busy for NET_BUDGET packets a turn, and
 * hold the pages of what waits on its own queues or the card's. A packet that is malformed costs
 * itself; a ring that is malformed costs the connection.
 */

#include "net/netback.h"

#include <errno.h>
#include <stdlib.h>

#include "guest/page.h"
#include "guest/vmap.h"

#define BATCH_SLOTS 256
/* A piece of the guest's may cross one border of ours; and the packet's first page starts later. */
#define OPS_PER_PACKET (2 * NETRING_DATA_MAX + 1)
#define BATCH_OPS      (NET_BUDGET * 2 + OPS_PER_PACKET)

struct job {
	struct packet *packet; /* NULL: refused or dropped, status says how */
	uint32_t first_op, op_count;
	uint16_t flags;
	int16_t status;
	bool order; /* for the multicast filter: there never was a packet */
};

/* What is answered to one slot. */
struct answer {
	uint16_t id;
	uint16_t job;
	bool extra;
};

/* One batch; a network thread has one, and serves one queue at a time. */
struct batch {
	uint32_t jobs, answers, ops;
	struct job job[NET_BUDGET];
	struct answer answer[BATCH_SLOTS];
	gnttab_copy_t op[BATCH_OPS];
};

static struct batch *batches; /* by the thread's number */

int vif_tx_init(void)
{
	batches = calloc(net_thread_count(), sizeof(*batches));
	return batches ? 0 : -ENOMEM;
}

/* Room for the longest packet there may be: it is not known yet what the next one is. */
static bool batch_has_room(const struct batch *b)
{
	return b->jobs < NET_BUDGET && b->ops + OPS_PER_PACKET <= BATCH_OPS &&
	       b->answers + NETRING_CHAIN_MAX + NETRING_EXTRAS_MAX <= BATCH_SLOTS;
}

/* Copies slots until the packet at the ring's head is decoded; most have one slot. */
static int decode_next(struct vif_queue *q, uint32_t count, struct netif_tx_request *copies,
		       struct netring_packet *decoded)
{
	uint32_t look = 1, have = 0;
	int err = -EAGAIN;

	count = MIN(count, NETRING_CHAIN_MAX + NETRING_EXTRAS_MAX);
	while (err == -EAGAIN && have < count) {
		for (; have < look; have++)
			RING_COPY_REQUEST(&q->tx, q->tx.req_cons + have, &copies[have]);
		err = netring_decode_tx(copies, have, decoded);
		look = MIN(look * 2, count);
	}
	return err == -EAGAIN ? -EPROTO : err; /* a packet is published whole */
}

static void note_answers(struct batch *b, const struct netif_tx_request *copies,
			 const struct netring_packet *decoded)
{
	for (uint32_t i = 0; i < decoded->slots; i++)
		b->answer[b->answers++] = (struct answer){
			.id = copies[i].id,
			.job = (uint16_t)b->jobs,
			.extra = i - decoded->extra_first < decoded->extra_count,
		};
}

/* Copies one slot's data to where the packet's filling has come: *frag, *done bytes into it. */
static void add_ops(struct batch *b, domid_t frontend, const struct netring_slot *slot,
		    struct packet *packet, uint32_t *frag, uint32_t *done)
{
	uint32_t from = slot->offset, left = slot->len;

	while (left) {
		struct packet_frag *f = &packet->frags[*frag];
		uint32_t part = MIN(left, f->len - *done);

		b->op[b->ops++] = (gnttab_copy_t){
			.source = { .u.ref = slot->ref,
				    .domid = frontend,
				    .offset = (uint16_t)from },
			.dest = { .u.gmfn = virt_to_mfn(f->data).n,
				  .domid = DOMID_SELF,
				  .offset = (uint16_t)((uintptr_t)(f->data + *done) &
						       (PAGE_SIZE - 1)) },
			.len = (uint16_t)part,
			.flags = GNTCOPY_source_gref,
		};
		from += part;
		left -= part;
		*done += part;
		if (*done == f->len) {
			(*frag)++;
			*done = 0;
		}
	}
}

static struct packet *make_packet(const struct netring_packet *decoded)
{
	struct packet *packet;

	/* What guests send must not take the memory that this domain itself lives on. */
	if (page_free_count() < page_total_count() / 16)
		return NULL;
	packet = packet_alloc_len(decoded->len);
	if (!packet)
		return NULL;
	packet->gso = decoded->gso;
	packet->gso_size = decoded->gso_size;
	return packet;
}

static void add_job(struct batch *b, struct vif *vif, const struct netring_packet *decoded, int err)
{
	struct job *job = &b->job[b->jobs++];
	uint32_t frag = 0, done = 0;

	*job = (struct job){ .first_op = b->ops, .flags = decoded->flags };
	if (err) {
		job->status = NETIF_RSP_ERROR;
		return;
	}
	if (decoded->mcast) {
		if (vif_mcast_order(vif, decoded->mcast, decoded->mcast_addr))
			job->status = NETIF_RSP_ERROR;
		job->order = true;
		return;
	}
	job->packet = make_packet(decoded);
	if (!job->packet) {
		job->status = NETIF_RSP_DROPPED;
		return;
	}
	for (uint32_t i = 0; i < decoded->data_count; i++)
		add_ops(b, vif->frontend, &decoded->data[i], job->packet, &frag, &done);
	job->op_count = b->ops - job->first_op;
}

/*
 * Fills the batch from the ring: 0, or -EPROTO. The index is read once: what the guest publishes
 * meanwhile waits for the next batch, or it could keep us here.
 */
static int collect(struct batch *b, struct vif_queue *q)
{
	RING_IDX prod = READ_ONCE(q->tx.sring->req_prod);

	b->jobs = b->answers = b->ops = 0;
	if (prod - q->tx.req_cons > RING_SIZE(&q->tx))
		return -EPROTO;
	rmb(); /* the index before the requests that it announces */
	while (q->tx.req_cons != prod && batch_has_room(b)) {
		struct netif_tx_request copies[NETRING_CHAIN_MAX + NETRING_EXTRAS_MAX];
		struct netring_packet decoded;
		int err = decode_next(q, prod - q->tx.req_cons, copies, &decoded);

		if (err == -EPROTO)
			return err;
		q->tx.req_cons += decoded.slots;
		note_answers(b, copies, &decoded);
		add_job(b, q->vif, &decoded, err);
	}
	return 0;
}

/* The connection ends: no answers any more. */
static void drop_batch(struct batch *b)
{
	for (uint32_t i = 0; i < b->jobs; i++)
		packet_put(b->job[i].packet);
}

/* Settles what became of each packet, after the copy. */
static void judge(const struct batch *b, struct job *job)
{
	for (uint32_t i = 0; i < job->op_count && job->packet; i++)
		if (b->op[job->first_op + i].status != GNTST_okay)
			job->status = NETIF_RSP_ERROR;
	if (job->packet && job->status == NETIF_RSP_OKAY) {
		bool blank = job->packet->gso || job->flags & NETTXF_csum_blank;

		if (blank && offload_prepare(job->packet))
			job->status = NETIF_RSP_ERROR;
		else if (!blank && job->flags & NETTXF_data_validated)
			job->packet->csum = PACKET_CSUM_VALID;
	}
	if (job->status != NETIF_RSP_OKAY) {
		packet_put(job->packet);
		job->packet = NULL;
	}
}

/* Answers go out before the packets go on: the guest may prepare the next ones meanwhile. */
static void answer(const struct batch *b, struct vif_queue *q)
{
	int notify;

	for (uint32_t i = 0; i < b->answers; i++) {
		const struct answer *a = &b->answer[i];
		int16_t status = a->extra ? NETIF_RSP_NULL : b->job[a->job].status;

		*RING_GET_RESPONSE(&q->tx, q->tx.rsp_prod_pvt++) =
			(struct netif_tx_response){ .id = a->id, .status = status };
	}
	RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&q->tx, notify);
	if (notify)
		evtchn_notify(q->tx_port);
}

int vif_receive(struct vif_queue *q)
{
	struct batch *b = &batches[q->poller.thread];
	struct list burst = LIST_INIT(burst);

	if (collect(b, q)) {
		drop_batch(b);
		return -EPROTO;
	}
	if (b->ops)
		gnttab_copy(b->op, b->ops);
	for (uint32_t i = 0; i < b->jobs; i++)
		judge(b, &b->job[i]);
	answer(b, q);
	for (uint32_t i = 0; i < b->jobs; i++) {
		if (b->job[i].packet)
			list_push_back(&burst, &b->job[i].packet->link);
		else if (!b->job[i].order)
			netdev_count(&q->vif->dev.stats.rx_dropped, 1);
	}
	netdev_receive(&q->vif->dev, &burst);
	return (int)b->jobs;
}

