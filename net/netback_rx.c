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

#include "guest/vmap.h"

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

/* One batch; on the network thread only, which serves one vif at a time. */
static struct batch {
	uint32_t jobs, answers, ops;
	struct job job[BATCH_SLOTS];
	struct netif_rx_response answer[BATCH_SLOTS]; /* extras in their place */
	gnttab_copy_t op[BATCH_OPS];
} batch;

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
static uint32_t fill_buffer(struct vif *vif, struct cursor *c, grant_ref_t ref)
{
	uint32_t filled = 0;

	while (filled < PAGE_SIZE && c->frag < c->packet->frag_count) {
		const struct packet_frag *f = &c->packet->frags[c->frag];
		uint32_t part = MIN((uint32_t)PAGE_SIZE - filled, f->len - c->done);

		batch.op[batch.ops++] = (gnttab_copy_t){
			.source = { .u.gmfn = virt_to_mfn(f->data).n,
				    .domid = DOMID_SELF,
				    .offset = (uint16_t)((uintptr_t)(f->data + c->done) &
							 (PAGE_SIZE - 1)) },
			.dest = { .u.ref = ref,
				  .domid = vif->frontend,
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

static struct netif_rx_request next_request(struct vif *vif)
{
	struct netif_rx_request req;

	RING_COPY_REQUEST(&vif->rx, vif->rx.req_cons, &req);
	vif->rx.req_cons++;
	return req;
}

/* The packet's requests are there, and the batch has room. */
static void add_job(struct vif *vif, struct packet *packet)
{
	struct job *job = &batch.job[batch.jobs++];
	struct cursor c = { .packet = packet };

	*job = (struct job){
		.packet = packet,
		.first_op = batch.ops,
		.first_answer = batch.answers,
	};
	while (c.frag < packet->frag_count) {
		bool first = c.frag == 0 && c.done == 0;
		struct netif_rx_request req = next_request(vif);
		struct netif_rx_response *rsp = &batch.answer[batch.answers++];

		*rsp = (struct netif_rx_response){ .id = req.id };
		rsp->status = (int16_t)fill_buffer(vif, &c, req.gref);
		if (c.frag < packet->frag_count)
			rsp->flags |= NETRXF_more_data;
		if (!first)
			continue;
		rsp->flags |= csum_flags(packet);
		if (packet->gso != PACKET_GSO_NONE) {
			rsp->flags |= NETRXF_extra_info;
			next_request(vif); /* its answer's place is the extra's */
			netring_gso_extra((struct netif_extra_info *)&batch.answer[batch.answers++],
					  packet->gso, packet->gso_size);
		}
	}
	job->op_count = batch.ops - job->first_op;
	job->answer_count = batch.answers - job->first_answer;
}

/*
 * Asks for an event once `need` buffers are posted. True when they are there already: the index is
 * written before it is looked at again, so the guest's notice cannot fall between.
 */
static bool wait_for_buffers(struct vif *vif, uint32_t need)
{
	WRITE_ONCE(vif->rx.sring->req_event, vif->rx.req_cons + need);
	mb();
	return READ_ONCE(vif->rx.sring->req_prod) - vif->rx.req_cons >= need;
}

/* Fills the batch from the queue as far as there are buffers: 0, or -EPROTO. */
static int collect(struct vif *vif)
{
	struct packet *packet;

	batch.jobs = batch.answers = batch.ops = 0;
	while ((packet = packet_queue_peek(&vif->queue))) {
		uint32_t need = slots_needed(packet);
		RING_IDX prod = READ_ONCE(vif->rx.sring->req_prod);

		if (prod - vif->rx.req_cons > RING_SIZE(&vif->rx))
			return -EPROTO;
		if (prod - vif->rx.req_cons < need && !wait_for_buffers(vif, need))
			return 0;
		if (batch.answers + need > BATCH_SLOTS || batch.ops + OPS_PER_PACKET > BATCH_OPS)
			return 0;
		rmb(); /* the index before the requests that it announces */
		packet_queue_pop(&vif->queue);
		vif->queue_bytes -= packet->len;
		add_job(vif, packet);
	}
	return 0;
}

/* A packet of which a part could not be copied is an error in all its slots. */
static void judge(struct vif *vif, const struct job *job)
{
	bool failed = false;

	for (uint32_t i = 0; i < job->op_count; i++)
		failed |= batch.op[job->first_op + i].status != GNTST_okay;
	if (failed)
		vif->dev.stats.tx_dropped++;
	for (uint32_t i = 0; i < job->answer_count && failed; i++) {
		struct netif_rx_response *rsp = &batch.answer[job->first_answer + i];

		if (i != 1 || job->packet->gso == PACKET_GSO_NONE)
			rsp->status = NETIF_RSP_ERROR;
	}
	packet_put(job->packet);
}

static void answer(struct vif *vif)
{
	int notify;

	for (uint32_t i = 0; i < batch.answers; i++)
		*RING_GET_RESPONSE(&vif->rx, vif->rx.rsp_prod_pvt++) = batch.answer[i];
	RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&vif->rx, notify);
	if (notify)
		evtchn_notify(vif->rx_port);
}

int vif_deliver(struct vif *vif)
{
	for (;;) {
		int err = collect(vif);

		if (batch.ops)
			gnttab_copy(batch.op, batch.ops);
		for (uint32_t i = 0; i < batch.jobs; i++)
			judge(vif, &batch.job[i]);
		if (batch.answers)
			answer(vif);
		if (err || !batch.jobs)
			return err;
	}
}

static void transmit(struct netdev *dev, struct packet *packet)
{
	struct vif *vif = container_of(dev, struct vif, dev);
	bool fits = packet->len <= PAGE_SIZE || vif->sg;

	if (vif->connected && fits && vif->queue_bytes + packet->len <= QUEUE_BYTES &&
	    packet_queue_push(&vif->queue, packet)) {
		vif->queue_bytes += packet->len;
		return;
	}
	dev->stats.tx_dropped++;
	packet_put(packet);
}

/* A ring that makes no sense is found again, and told, by the vif's own poll. */
static void flush(struct netdev *dev)
{
	struct vif *vif = container_of(dev, struct vif, dev);

	if (vif->connected && vif_deliver(vif))
		net_schedule(&vif->poller);
}

const struct netdev_ops vif_ops = { transmit, flush };
