/* SPDX-License-Identifier: MIT */
/*
 * The backend's data path, to the guest: packets wait in a queue until the guest has posted
 * buffers for them, and are copied there, a batch with one hypercall.
 *
 * Places on the ring matter here: a response lies where its request lay, because frontends find
 * the buffer by its place (netif.h). Requests are taken in order and answered in order, so this
 * holds by itself; an extra takes a request's place too, and that buffer stays unused.
 *
 * A guest that posts no buffers fills its own queue, and then its packets are dropped. Nobody
 * waits.
 */

#include "net/netback.h"

#include <errno.h>
#include <stdlib.h>

#include "guest/vmap.h"
#include "net/flow.h"

#define BATCH_SLOTS 128
#define BATCH_OPS   256
/* Each border between pieces of ours or the guest's begins another copy. */
#define OPS_PER_PACKET (2 * PACKET_FRAGS)
#define QUEUE_BYTES    (1024 * 1024)

struct job {
	struct packet *packet;
	uint32_t first_op, op_count;
	uint32_t first_answer, answer_count;
};

/* One batch; a network thread has one, and serves one queue at a time. */
struct batch {
	uint32_t jobs, answers, ops;
	struct job job[BATCH_SLOTS];
	struct netif_rx_response answer[BATCH_SLOTS]; /* extras in their place */
	gnttab_copy_t op[BATCH_OPS];
};

static struct batch *batches; /* by the thread's number */

int vif_rx_init(void)
{
	batches = calloc(net_thread_count(), sizeof(*batches));
	return batches ? 0 : -ENOMEM;
}

static uint32_t slots_needed(const struct packet *packet)
{
	return DIV_ROUND_UP(packet->len, (uint32_t)PAGE_SIZE) + (packet->gso != PACKET_GSO_NONE);
}

static uint16_t csum_flags(const struct packet *packet)
{
	if (packet->csum == PACKET_CSUM_BLANK)
		return NETRXF_csum_blank | NETRXF_data_validated;
	return packet->csum == PACKET_CSUM_VALID ? NETRXF_data_validated : 0;
}

/* Where the reading of a packet has come to. */
struct cursor {
	const struct packet *packet;
	uint32_t frag, done;
};

/* Copies up to a page into the guest's buffer; returns how much. */
static uint32_t fill_buffer(struct batch *b, domid_t frontend, struct cursor *c, grant_ref_t ref)
{
	uint32_t filled = 0;

	while (filled < PAGE_SIZE && c->frag < c->packet->frag_count) {
		const struct packet_frag *f = &c->packet->frags[c->frag];
		uint32_t part = MIN((uint32_t)PAGE_SIZE - filled, f->len - c->done);

		b->op[b->ops++] = (gnttab_copy_t){
			.source = { .u.gmfn = virt_to_mfn(f->data).n,
				    .domid = DOMID_SELF,
				    .offset = (uint16_t)((uintptr_t)(f->data + c->done) &
							 (PAGE_SIZE - 1)) },
			.dest = { .u.ref = ref,
				  .domid = frontend,
				  .offset = (uint16_t)filled },
			.len = (uint16_t)part,
			.flags = GNTCOPY_dest_gref,
		};
		filled += part;
		c->done += part;
		if (c->done == f->len) {
			c->frag++;
			c->done = 0;
		}
	}
	return filled;
}

static struct netif_rx_request next_request(struct vif_queue *q)
{
	struct netif_rx_request req;

	RING_COPY_REQUEST(&q->rx, q->rx.req_cons, &req);
	q->rx.req_cons++;
	return req;
}

/* The packet's requests are there, and the batch has room. */
static void add_job(struct batch *b, struct vif_queue *q, struct packet *packet)
{
	struct job *job = &b->job[b->jobs++];
	struct cursor c = { .packet = packet };

	*job = (struct job){
		.packet = packet,
		.first_op = b->ops,
		.first_answer = b->answers,
	};
	while (c.frag < packet->frag_count) {
		bool first = c.frag == 0 && c.done == 0;
		struct netif_rx_request req = next_request(q);
		struct netif_rx_response *rsp = &b->answer[b->answers++];

		*rsp = (struct netif_rx_response){ .id = req.id };
		rsp->status = (int16_t)fill_buffer(b, q->vif->frontend, &c, req.gref);
		if (c.frag < packet->frag_count)
			rsp->flags |= NETRXF_more_data;
		if (!first)
			continue;
		rsp->flags |= csum_flags(packet);
		if (packet->gso != PACKET_GSO_NONE) {
			rsp->flags |= NETRXF_extra_info;
			next_request(q); /* its answer's place is the extra's */
			netring_gso_extra((struct netif_extra_info *)&b->answer[b->answers++],
					  packet->gso, packet->gso_size);
		}
	}
	job->op_count = b->ops - job->first_op;
	job->answer_count = b->answers - job->first_answer;
}

/*
 * Asks for an event once `need` buffers are posted. True when they are there already: the index is
 * written before it is looked at again, so the guest's notice cannot fall between.
 */
static bool wait_for_buffers(struct vif_queue *q, uint32_t need)
{
	WRITE_ONCE(q->rx.sring->req_event, q->rx.req_cons + need);
	mb();
	return READ_ONCE(q->rx.sring->req_prod) - q->rx.req_cons >= need;
}

/* The first packet that waits stays there until there are buffers for all of it. */
static struct packet *peek(struct vif_queue *q)
{
	unsigned long flags = spin_lock_save(&q->lock);
	struct packet *packet = packet_queue_peek(&q->queue);

	spin_unlock_restore(&q->lock, flags);
	return packet;
}

static void pop(struct vif_queue *q, const struct packet *packet)
{
	unsigned long flags = spin_lock_save(&q->lock);

	packet_queue_pop(&q->queue);
	q->queue_bytes -= packet->len;
	spin_unlock_restore(&q->lock, flags);
}

/* Fills the batch from the queue as far as there are buffers: 0, or -EPROTO. */
static int collect(struct batch *b, struct vif_queue *q)
{
	struct packet *packet;

	b->jobs = b->answers = b->ops = 0;
	while ((packet = peek(q))) {
		uint32_t need = slots_needed(packet);
		RING_IDX prod = READ_ONCE(q->rx.sring->req_prod);

		if (prod - q->rx.req_cons > RING_SIZE(&q->rx))
			return -EPROTO;
		if (prod - q->rx.req_cons < need && !wait_for_buffers(q, need))
			return 0;
		if (b->answers + need > BATCH_SLOTS || b->ops + OPS_PER_PACKET > BATCH_OPS)
			return 0;
		rmb(); /* the index before the requests that it announces */
		pop(q, packet);
		add_job(b, q, packet);
	}
	return 0;
}

/* A packet of which a part could not be copied is an error in all its slots. */
static void judge(struct batch *b, struct vif *vif, const struct job *job)
{
	bool failed = false;

	for (uint32_t i = 0; i < job->op_count; i++)
		failed |= b->op[job->first_op + i].status != GNTST_okay;
	if (failed)
		netdev_count(&vif->dev.stats.tx_dropped, 1);
	for (uint32_t i = 0; i < job->answer_count && failed; i++) {
		struct netif_rx_response *rsp = &b->answer[job->first_answer + i];

		if (i != 1 || job->packet->gso == PACKET_GSO_NONE)
			rsp->status = NETIF_RSP_ERROR;
	}
	packet_put(job->packet);
}

static void answer(const struct batch *b, struct vif_queue *q)
{
	int notify;

	for (uint32_t i = 0; i < b->answers; i++)
		*RING_GET_RESPONSE(&q->rx, q->rx.rsp_prod_pvt++) = b->answer[i];
	RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&q->rx, notify);
	if (notify)
		evtchn_notify(q->rx_port);
}

int vif_deliver(struct vif_queue *q)
{
	struct batch *b = &batches[q->poller.thread];

	for (;;) {
		int err = collect(b, q);

		if (b->ops)
			gnttab_copy(b->op, b->ops);
		for (uint32_t i = 0; i < b->jobs; i++)
			judge(b, q->vif, &b->job[i]);
		if (b->answers)
			answer(b, q);
		if (err || !b->jobs)
			return err;
	}
}

/* --- The switch's side: any network thread ---------------------------------------------------- */

static bool push(struct vif_queue *q, struct packet *packet)
{
	unsigned long flags = spin_lock_save(&q->lock);
	bool taken = q->vif->connected && q->queue_bytes + packet->len <= QUEUE_BYTES &&
		     packet_queue_push(&q->queue, packet);

	if (taken)
		q->queue_bytes += packet->len;
	spin_unlock_restore(&q->lock, flags);
	return taken;
}

static struct vif_queue *choose_queue(struct vif *vif, const struct packet *packet)
{
	unsigned int count = vif->queue_count;

	return vif->queues[count > 1 ? packet_flow(packet) % count : 0];
}

static void transmit(struct netdev *dev, struct packet *packet)
{
	struct vif *vif = container_of(dev, struct vif, dev);
	bool fits = packet->len <= PAGE_SIZE || vif->sg;

	if (!vif_mcast_wanted(vif, packet)) {
		packet_put(packet);
		return;
	}
	if (READ_ONCE(vif->connected) && fits && push(choose_queue(vif, packet), packet))
		return;
	netdev_count(&dev->stats.tx_dropped, 1);
	packet_put(packet);
}

static void flush(struct netdev *dev)
{
	struct vif *vif = container_of(dev, struct vif, dev);

	for (unsigned int i = 0; i < vif->queue_count; i++)
		if (READ_ONCE(vif->connected) && packet_queue_count(&vif->queues[i]->queue))
			net_schedule(&vif->queues[i]->poller);
}

const struct netdev_ops vif_ops = { transmit, flush };
