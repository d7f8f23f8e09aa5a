/* SPDX-License-Identifier: MIT */
/*
 * The block frontend's data path. A request takes a slot of the ring of the vcpu that submits it;
 * the slot's number is its id there, and each segment takes a grant; the response gives both back.
 * Requests that find no slot or no grant wait, in order, until something completes or a timer looks
 * again. A backend that takes fewer segments than the device was announced with (another one, after
 * a restore) gets a long request in several parts.
 *
 * The backend is as suspect as any peer: an id that is not in flight, or an index that cannot be,
 * ends the device instead of being believed.
 */
#include "blk/blkfront.h"

#include <stdlib.h>

#include "guest/console.h"
#include "guest/page.h"
#include "guest/vmap.h"

#define NO_SLOT	       RING_SIZE(&q->ring)
#define RETRY_INTERVAL (10 * NS_PER_MS)
#define PARTS_MAX      DIV_ROUND_UP(BLKFRONT_SEGS_MAX, BLKIF_MAX_SEGMENTS_PER_REQUEST)

int blkfront_slots_init(struct blkfront_queue *q)
{
	unsigned int count = RING_SIZE(&q->ring);

	q->slots = calloc(count, sizeof(*q->slots));
	if (!q->slots)
		return -ENOMEM;
	for (unsigned int i = 0; i < count; i++)
		q->slots[i].next_free = (uint16_t)(i + 1);
	q->free_slot = 0;
	return 0;
}

void blkfront_slots_free(struct blkfront_queue *q)
{
	for (unsigned int i = 0; q->slots && i < RING_SIZE(&q->ring); i++)
		if (q->slots[i].indirect)
			gnttab_revoke_page(q->slots[i].indirect_ref, q->slots[i].indirect);
	free(q->slots);
	q->slots = NULL;
}

/* --- Out: with the queue's lock --------------------------------------------------------------- */

/*
 * The slot's page for indirect segments stays granted to the backend, read-only, once it is made.
 */
static bool indirect_page(struct blkfront_queue *q, struct blkfront_slot *slot)
{
	int ref;

	if (slot->indirect)
		return true;
	slot->indirect = page_alloc_zero(0);
	if (!slot->indirect)
		return false;
	ref = gnttab_grant(q->front->backend, virt_to_mfn(slot->indirect), true);
	if (ref < 0) {
		page_free(slot->indirect, 0);
		slot->indirect = NULL;
		return false;
	}
	slot->indirect_ref = (grant_ref_t)ref;
	return true;
}

static void revoke(struct blkfront_slot *slot)
{
	while (slot->seg_count)
		gnttab_revoke_page(slot->refs[--slot->seg_count], NULL);
}

/* Where a request has come to: what is left goes in one part, or several. */
struct part {
	const struct block_request *req;
	const struct block_seg *segs;
	unsigned int seg_count;
	uint64_t sector;
};

/* Grant every segment and describe it at `out`. False: out of references; none is held then. */
static bool grant_segments(struct blkfront_queue *q, struct blkfront_slot *slot,
			   const struct part *part, struct blkif_request_segment *out)
{
	bool readonly = part->req->op == BLOCK_WRITE;

	slot->seg_count = 0;
	for (unsigned int i = 0; i < part->seg_count; i++) {
		const struct block_seg *seg = &part->segs[i];
		unsigned int first = (seg->maddr & (PAGE_SIZE - 1)) / SECTOR_SIZE;
		int ref = gnttab_grant(q->front->backend, MFN(seg->maddr >> PAGE_SHIFT), readonly);

		if (ref < 0) {
			revoke(slot);
			return false;
		}
		slot->refs[slot->seg_count++] = (grant_ref_t)ref;
		out[i] = (struct blkif_request_segment){
			.gref = (grant_ref_t)ref,
			.first_sect = (uint8_t)first,
			.last_sect = (uint8_t)(first + seg->len / SECTOR_SIZE - 1),
		};
	}
	return true;
}

static bool fill_indirect(struct blkfront_queue *q, unsigned int id, struct blkif_request *raw,
			  const struct part *part)
{
	struct blkif_request_indirect *out = (struct blkif_request_indirect *)raw;
	struct blkfront_slot *slot = &q->slots[id];

	if (!indirect_page(q, slot) || !grant_segments(q, slot, part, slot->indirect))
		return false;
	*out = (struct blkif_request_indirect){
		.operation = BLKIF_OP_INDIRECT,
		.indirect_op = part->req->op == BLOCK_WRITE ? BLKIF_OP_WRITE : BLKIF_OP_READ,
		.nr_segments = (uint16_t)part->seg_count,
		.id = id,
		.sector_number = part->sector,
		.handle = (blkif_vdev_t)q->front->dev->id,
		.indirect_grefs = { slot->indirect_ref },
	};
	return true;
}

static bool fill_discard(unsigned int id, struct blkif_request *raw,
			 const struct block_request *req)
{
	*(struct blkif_request_discard *)raw = (struct blkif_request_discard){
		.operation = BLKIF_OP_DISCARD,
		.id = id,
		.sector_number = req->sector,
		.nr_sectors = req->sectors,
	};
	return true;
}

static bool fill_direct(struct blkfront_queue *q, unsigned int id, struct blkif_request *raw,
			const struct part *part)
{
	static const uint8_t operation[] = {
		[BLOCK_READ] = BLKIF_OP_READ,
		[BLOCK_WRITE] = BLKIF_OP_WRITE,
		[BLOCK_FLUSH] = BLKIF_OP_FLUSH_DISKCACHE,
	};

	*raw = (struct blkif_request){
		.operation = operation[part->req->op],
		.nr_segments = (uint8_t)part->seg_count,
		.handle = (blkif_vdev_t)q->front->dev->id,
		.id = id,
		.sector_number = part->sector,
	};
	return grant_segments(q, &q->slots[id], part, raw->seg);
}

/* Put one part on the ring, not yet published. The slot's number; -1: no slot or no grants now. */
static int start_part(struct blkfront_queue *q, struct block_request *req, const struct part *part)
{
	unsigned int id = q->free_slot;
	struct blkif_request raw = { 0 }; /* some kinds fill only a part: none of our stack goes */
	bool ok;

	if (id == NO_SLOT)
		return -1;
	q->slots[id].seg_count = 0;
	if (req->op == BLOCK_DISCARD)
		ok = fill_discard(id, &raw, req);
	else if (part->seg_count > BLKIF_MAX_SEGMENTS_PER_REQUEST)
		ok = fill_indirect(q, id, &raw, part);
	else
		ok = fill_direct(q, id, &raw, part);
	if (!ok)
		return -1;
	q->free_slot = q->slots[id].next_free;
	q->slots[id].req = req;
	*RING_GET_REQUEST(&q->ring, q->ring.req_prod_pvt) = raw;
	q->ring.req_prod_pvt++;
	return (int)id;
}

static void free_slot(struct blkfront_queue *q, unsigned int id)
{
	revoke(&q->slots[id]);
	q->slots[id].req = NULL;
	q->slots[id].next_free = (uint16_t)q->free_slot;
	q->free_slot = id;
}

/* All parts of a request, or none. */
static bool start(struct blkfront_queue *q, struct block_request *req)
{
	struct part part = { .req = req, .segs = req->segs, .sector = req->sector };
	unsigned int left = req->seg_count;
	int ids[PARTS_MAX];

	req->err = 0;
	req->parts = 0;
	do {
		part.seg_count = MIN(left, q->front->piece_max);
		ids[req->parts] = start_part(q, req, &part);
		if (ids[req->parts] < 0) {
			q->ring.req_prod_pvt -= req->parts;
			while (req->parts)
				free_slot(q, (unsigned int)ids[--req->parts]);
			return false;
		}
		req->parts++;
		left -= part.seg_count;
		for (; part.seg_count; part.seg_count--)
			part.sector += part.segs++->len / SECTOR_SIZE;
	} while (left);
	return true;
}

/* --- Queues ----------------------------------------------------------------------------------- */

/* The queue of this vcpu, locked; while there is no connection, the first one. */
static struct blkfront_queue *lock_queue(struct blkfront *front, unsigned long *flags)
{
	unsigned int index = READ_ONCE(front->connected) ? this_vcpu() % front->queue_count : 0;

	*flags = spin_lock_save(&front->queues[index].lock);
	if (index && !front->connected) {
		spin_unlock_restore(&front->queues[index].lock, *flags);
		index = 0;
		*flags = spin_lock_save(&front->queues[0].lock);
	}
	return &front->queues[index];
}

void blkfront_submit(struct block_device *dev, struct block_request *req)
{
	struct blkfront *front = dev->driver;
	unsigned long flags;
	struct blkfront_queue *q = lock_queue(front, &flags);
	bool dead = dev->dead;

	if (!dead && (!front->connected || !list_empty(&q->waiting) || !start(q, req)))
		list_push_back(&q->waiting, &req->link);
	spin_unlock_restore(&q->lock, flags);
	if (dead)
		req->done(req, -EIO);
}

static void publish(struct blkfront_queue *q)
{
	int notify;

	if (q->ring.req_prod_pvt == q->ring.sring->req_prod)
		return;
	RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&q->ring, notify);
	if (notify)
		evtchn_notify(q->port);
}

static bool in_flight(const struct blkfront_queue *q)
{
	return q->ring.req_prod_pvt != q->ring.rsp_cons;
}

/*
 * What waits goes out, as far as it can. It is tried again when something completes. Where others
 * hold all grants or all memory, nothing of ours may be under way that could complete: then a timer
 * tries. With the lock.
 */
static void restart(struct blkfront_queue *q)
{
	if (!q->front->connected)
		return;
	while (!list_empty(&q->waiting)) {
		struct block_request *req =
			container_of(q->waiting.next, struct block_request, link);

		list_remove(&req->link); /* before another vcpu can see its answer */
		if (start(q, req))
			continue;
		list_push_front(&q->waiting, &req->link);
		break;
	}
	publish(q);
	if (!list_empty(&q->waiting) && !in_flight(q))
		timer_start(&q->retry, clock_deadline(RETRY_INTERVAL));
}

static void restart_locked(struct blkfront_queue *q)
{
	unsigned long flags = spin_lock_save(&q->lock);

	restart(q);
	spin_unlock_restore(&q->lock, flags);
}

/* The submitter may have been moved to another vcpu since: every queue with something new. */
void blkfront_kick(struct block_device *dev)
{
	struct blkfront *front = dev->driver;

	for (unsigned int i = 0; i < front->queue_count; i++)
		restart_locked(&front->queues[i]);
}

static void retry(struct clock_timer *timer)
{
	restart_locked(timer->arg);
}

void blkfront_queues_init(struct blkfront *front)
{
	front->queue_count = 1;
	for (unsigned int i = 0; i < BLKFRONT_QUEUES_MAX; i++) {
		struct blkfront_queue *q = &front->queues[i];

		q->front = front;
		list_init(&q->waiting);
		timer_init(&q->retry, retry, q);
	}
}

/* --- In --------------------------------------------------------------------------------------- */

/* One part has ended. The last one's request joins `ended`. */
static void end_part(struct blkfront_queue *q, unsigned int id, int err, struct list *ended)
{
	struct block_request *req = q->slots[id].req;

	free_slot(q, id);
	if (err)
		req->err = err;
	if (!--req->parts)
		list_push_back(ended, &req->link);
}

/* Without a lock: whoever is told may submit the next. */
static void tell_ended(struct list *ended)
{
	struct list *l;

	while ((l = list_pop_front(ended))) {
		struct block_request *req = container_of(l, struct block_request, link);

		req->done(req, req->err);
	}
}

static int response_error(const struct blkif_response *rsp)
{
	if (rsp->status == BLKIF_RSP_OKAY)
		return 0;
	return rsp->status == BLKIF_RSP_EOPNOTSUPP ? -EOPNOTSUPP : -EIO;
}

/* What the ring tells since the last look. NULL, or what is wrong with it. With the lock. */
static const char *take_answers(struct blkfront_queue *q, struct list *ended)
{
	int more;

	do {
		RING_IDX prod = READ_ONCE(q->ring.sring->rsp_prod);

		rmb(); /* responses are read after the index that announced them */
		if (RING_RESPONSE_PROD_OVERFLOW(&q->ring, prod))
			return "announced more responses than the ring holds";
		while (q->ring.rsp_cons != prod) {
			struct blkif_response rsp;

			RING_COPY_RESPONSE(&q->ring, q->ring.rsp_cons, &rsp);
			q->ring.rsp_cons++;
			if (rsp.id >= RING_SIZE(&q->ring) || !q->slots[rsp.id].req)
				return "answered what was not asked";
			end_part(q, (unsigned int)rsp.id, response_error(&rsp), ended);
		}
		RING_FINAL_CHECK_FOR_RESPONSES(&q->ring, more);
	} while (more);
	return NULL;
}

void blkfront_event(evtchn_port_t port, void *queue)
{
	struct blkfront_queue *q = queue;
	struct blkfront *front = q->front;
	struct list ended = LIST_INIT(ended);
	unsigned long flags = spin_lock_save(&q->lock);
	const char *wrong = front->connected ? take_answers(q, &ended) : NULL;

	(void)port;
	if (wrong) {
		front->connected = false;
		front->block.dead = true;
	} else {
		restart(q);
	}
	spin_unlock_restore(&q->lock, flags);
	tell_ended(&ended);
	if (wrong) {
		console_print("%s: the backend %s; the device is given up\n", front->block.name,
			      wrong);
		blkfront_fail_all(front, -EIO);
	}
}

/* --- For the handshake ------------------------------------------------------------------------ */

void blkfront_continue(struct blkfront *front)
{
	WRITE_ONCE(front->connected, true);
	for (unsigned int i = 0; i < front->queue_count; i++)
		blkfront_event(0, &front->queues[i]);
}

/* Whoever touches a ring has looked at `connected` with its lock: then nobody is inside. */
void blkfront_pause(struct blkfront *front)
{
	WRITE_ONCE(front->connected, false);
	for (unsigned int i = 0; i < front->queue_count; i++) {
		struct blkfront_queue *q = &front->queues[i];

		spin_unlock_restore(&q->lock, spin_lock_save(&q->lock));
		timer_stop(&q->retry);
	}
}

/* A request of which some parts were answered is done again as a whole. */
void blkfront_requeue(struct blkfront *front)
{
	struct list again = LIST_INIT(again);
	struct blkfront_queue *first = &front->queues[0];
	unsigned long flags;

	for (unsigned int i = 0; i < front->queue_count; i++) {
		struct blkfront_queue *q = &front->queues[i];

		flags = spin_lock_save(&q->lock);
		for (unsigned int id = 0; q->slots && id < RING_SIZE(&q->ring); id++)
			if (q->slots[id].req)
				end_part(q, id, 0, &again);
		spin_unlock_restore(&q->lock, flags);
	}
	for (unsigned int i = 0; i < front->queue_count; i++) {
		struct blkfront_queue *q = &front->queues[i];

		flags = spin_lock_save(&q->lock);
		list_splice_back(&again, &q->waiting);
		spin_unlock_restore(&q->lock, flags);
	}
	flags = spin_lock_save(&first->lock);
	list_splice_back(&again, &first->waiting); /* what came meanwhile */
	list_splice_back(&first->waiting, &again);
	spin_unlock_restore(&first->lock, flags);
}

void blkfront_fail_all(struct blkfront *front, int err)
{
	for (unsigned int i = 0; i < front->queue_count; i++) {
		struct blkfront_queue *q = &front->queues[i];
		struct list ended = LIST_INIT(ended);
		unsigned long flags = spin_lock_save(&q->lock);

		for (unsigned int id = 0; q->slots && id < RING_SIZE(&q->ring); id++)
			if (q->slots[id].req)
				end_part(q, id, err, &ended);
		while (!list_empty(&q->waiting)) {
			struct list *l = list_pop_front(&q->waiting);

			container_of(l, struct block_request, link)->err = err;
			list_push_back(&ended, l);
		}
		spin_unlock_restore(&q->lock, flags);
		tell_ended(&ended);
	}
}
