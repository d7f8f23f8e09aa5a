/* SPDX-License-Identifier: MIT */
/*
 * The block backend's data path: one thread a ring.
 *
 *	ring -> copy and check -> map the grants of a whole batch -> disk -> finished ->
 *	unmap a whole batch -> responses -> one notification
 *
 * Data is never touched: a grant is mapped for the device alone (blkback_grants.c), and the disk
 * reads or writes the frontend's page.
 *
 * The frontend's ring is hostile: its indexes and requests are read once. A producer index that
 * cannot be stops the connection.
 *
 * A request is on one list or with the disk:
 *
 *	free -> taken, while its batch is mapped -> the disk (in_flight) -> finished -> free
 *
 * The disk completes in an upcall, which moves the request to `finished` and wakes the thread; all
 * else happens on the thread. There are as many requests as the ring has slots, so a frontend that
 * keeps to the protocol never finds `free` empty.
 *
 * A frontend that goes away, or is destroyed, may leave requests with the disk. Their frames are
 * held by the mapping (Xen frees no frame that is mapped), and nothing is given back before
 * in_flight is 0: only then are they unmapped, and the thread's end reported to blkback_stop.
 */
#include "blk/blkback.h"

#include <stdlib.h>

#include "guest/thread.h"
#include "guest/vmap.h"

/* --- Requests --------------------------------------------------------------------------------- */

static const enum block_op disk_op[] = {
	[BLKIF_OP_READ] = BLOCK_READ,
	[BLKIF_OP_WRITE] = BLOCK_WRITE,
	[BLKIF_OP_FLUSH_DISKCACHE] = BLOCK_FLUSH,
	[BLKIF_OP_DISCARD] = BLOCK_DISCARD,
};

/* Whether it takes the gate of whole blocks (blkback_partial.c); most disks need none. */
static bool gated(const struct blkback_request *req)
{
	return req->ring.op == BLKIF_OP_WRITE && req->queue->back->limits.block_sectors > 1;
}

/* A disk may take long discards in parts only. False: that was the last. */
static bool discard_next(struct blkback_request *req)
{
	struct block_device *disk = req->queue->back->disk;
	struct block_request *block = &req->block;
	uint64_t left;

	if (block->op != BLOCK_DISCARD)
		return false;
	block->sector += block->sectors;
	left = req->discard_end - block->sector;
	block->sectors = MIN(left, disk->discard_max);
	if (!left)
		return false;
	block_submit(disk, block);
	block_kick(disk);
	return true;
}

/* Onto `finished`, and the thread comes. The request may be gone after the unlocking. */
static void request_end(struct blkback_request *req, bool from_disk)
{
	struct blkback_queue *q = req->queue;
	unsigned long flags = spin_lock_save(&q->lock);

	list_push_back(&q->finished, &req->link);
	q->in_flight -= from_disk;
	if (from_disk)
		wake_one(&q->wake);
	spin_unlock_restore(&q->lock, flags);
}

static void request_done(struct block_request *block, int err)
{
	struct blkback_request *req = container_of(block, struct blkback_request, block);

	if (err)
		req->status = err == -EOPNOTSUPP ? BLKIF_RSP_EOPNOTSUPP : BLKIF_RSP_ERROR;
	else if (discard_next(req))
		return;
	if (gated(req))
		blkback_whole_end(req->queue->back);
	request_end(req, true);
}

static void request_submit(struct blkback_queue *q, struct blkback_request *req)
{
	struct block_device *disk = q->back->disk;
	unsigned long flags;

	if (req->status == BLKIF_RSP_OKAY && req->ring.partial)
		req->status = (int16_t)blkback_partial(q, &req->ring);
	else if (req->status == BLKIF_RSP_OKAY && gated(req))
		blkback_whole_begin(q->back);
	if (req->status != BLKIF_RSP_OKAY || req->ring.partial ||
	    (req->ring.op == BLKIF_OP_DISCARD && !req->ring.sectors)) {
		request_end(req, false);
		return;
	}
	flags = spin_lock_save(&q->lock);
	q->in_flight++;
	spin_unlock_restore(&q->lock, flags);
	req->block = (struct block_request){
		.op = disk_op[req->ring.op],
		.sector = req->ring.sector,
		.sectors = req->ring.sectors,
		.segs = req->segs,
		.seg_count = req->ring.seg_count,
		.done = request_done,
	};
	if (req->ring.op == BLKIF_OP_DISCARD) {
		req->discard_end = req->ring.sector + req->ring.sectors;
		req->block.sectors = MIN(req->ring.sectors, disk->discard_max);
	}
	block_submit(disk, &req->block);
}

/* The segments of an indirect request stand in a page of the frontend: copied once. */
static int request_indirect(struct blkback_queue *q, struct blkback_request *req)
{
	gnttab_copy_t copy = {
		.source = { .u.ref = req->ring.indirect_ref, .domid = q->back->dev->peer_domid },
		.dest = { .u.gmfn = virt_to_mfn(q->indirect_page).n, .domid = DOMID_SELF },
		.len = (uint16_t)(req->ring.seg_count * sizeof(struct blkif_request_segment)),
		.flags = GNTCOPY_source_gref,
	};

	if (gnttab_copy(&copy, 1))
		return BLKIF_RSP_ERROR;
	return blkring_indirect(&req->ring, q->indirect_page, &q->back->limits);
}

/* Copies the next request off the ring, checks it, and lists its grants for mapping. */
static void take_one(struct blkback_queue *q, struct blkback_batch *batch,
		     struct blkback_request *req)
{
	const struct blkring_disk *limits = &q->back->limits;
	struct blkif_request raw;

	RING_COPY_REQUEST(&q->ring, q->ring.req_cons, &raw);
	q->ring.req_cons++;
	req->queue = q;
	req->held = 0;
	req->status = (int16_t)blkring_parse(&req->ring, &raw, limits);
	if (req->status == BLKIF_RSP_OKAY && req->ring.indirect)
		req->status = (int16_t)request_indirect(q, req);
	if (req->status == BLKIF_RSP_OKAY && !req->ring.partial)
		blkback_map_add(batch, req);
}

/* Take all that the ring and our requests allow. False: the ring is not to be trusted any more. */
static bool take_requests(struct blkback_queue *q, struct blkback_batch *batch)
{
	RING_IDX prod = READ_ONCE(q->ring.sring->req_prod);
	struct list taken = LIST_INIT(taken);
	struct list *l;

	rmb(); /* the requests are read after the index that announced them */
	if (RING_REQUEST_PROD_OVERFLOW(&q->ring, prod))
		return false;
	while (q->ring.req_cons != prod && (l = list_pop_front(&q->free))) {
		take_one(q, batch, container_of(l, struct blkback_request, link));
		list_push_back(&taken, l);
	}
	blkback_map_flush(batch);
	if (list_empty(&taken))
		return true;
	while ((l = list_pop_front(&taken)))
		request_submit(q, container_of(l, struct blkback_request, link));
	block_kick(q->back->disk);
	return true;
}

static void respond(struct blkback_queue *q, const struct blkback_request *req)
{
	struct blkif_response *rsp = RING_GET_RESPONSE(&q->ring, q->ring.rsp_prod_pvt);

	rsp->id = req->ring.id;
	rsp->operation = req->ring.op;
	rsp->status = req->status;
	q->ring.rsp_prod_pvt++;
}

static void take_finished(struct blkback_queue *q, struct list *done)
{
	unsigned long flags = spin_lock_save(&q->lock);

	list_splice_back(done, &q->finished);
	spin_unlock_restore(&q->lock, flags);
}

/*
 * Unmap what has finished, then answer it: the frontend may reuse a page once it reads the
 * response.
 */
static void answer_finished(struct blkback_queue *q, struct blkback_batch *batch)
{
	struct list done = LIST_INIT(done), *l;
	struct blkback_request *req;
	int notify;

	take_finished(q, &done);
	if (list_empty(&done))
		return;
	list_for_each(req, &done, link)
		blkback_unmap_add(batch, req);
	blkback_unmap_flush(batch);
	while ((l = list_pop_front(&done))) {
		respond(q, container_of(l, struct blkback_request, link));
		list_push_back(&q->free, l);
	}
	RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&q->ring, notify);
	if (notify)
		evtchn_notify(q->port);
}

/* --- The thread ------------------------------------------------------------------------------- */

/*
 * One event a turn: the port is masked until the thread has nothing more to do. A frontend that
 * sends them without a pause would else keep this vcpu in its upcall.
 */
void blkback_event(evtchn_port_t port, void *queue)
{
	struct blkback_queue *q = queue;

	evtchn_mask(port);
	WRITE_ONCE(q->kicked, true);
	wake_one(&q->wake);
}

static bool has_work(struct blkback_queue *q)
{
	return READ_ONCE(q->kicked) || READ_ONCE(q->stop) || !list_empty(&q->finished);
}

/* Nothing of ours is with the disk, and nobody is inside request_end any more. */
static bool at_rest(struct blkback_queue *q)
{
	unsigned long flags = spin_lock_save(&q->lock);
	bool rest = !q->in_flight;

	spin_unlock_restore(&q->lock, flags);
	return rest;
}

static void serve(struct blkback_queue *q, struct blkback_batch *batch)
{
	bool trusted = true;
	int more;

	while (!READ_ONCE(q->stop)) {
		evtchn_unmask(q->port);
		wait_event(&q->wake, has_work(q));
		do {
			WRITE_ONCE(q->kicked, false);
			mb(); /* what comes from here on sets it again */
			answer_finished(q, batch);
			trusted = trusted && take_requests(q, batch);
			RING_FINAL_CHECK_FOR_REQUESTS(&q->ring, more);
			/* Without a free request the next one that finishes brings us back. */
		} while (trusted && more && !list_empty(&q->free) && !READ_ONCE(q->stop));
		if (!trusted) {
			xenbus_fatal(q->back->dev, -EPROTO,
				     "the frontend's ring indexes are impossible");
			break;
		}
	}
	/* The frontend's frames stay mapped until the disk has let go of them. */
	wait_event(&q->wake, at_rest(q));
	answer_finished(q, batch);
	blkback_keep_stop(&q->kept, batch);
}

static void set_stopped(struct blkback_queue *q)
{
	unsigned long flags = spin_lock_save(&q->lock);

	q->stopped = true;
	wake_all(&q->over);
	spin_unlock_restore(&q->lock, flags);
}

static bool has_stopped(struct blkback_queue *q)
{
	unsigned long flags = spin_lock_save(&q->lock);
	bool stopped = q->stopped;

	spin_unlock_restore(&q->lock, flags);
	return stopped;
}

static void blkback_thread(void *arg)
{
	struct blkback_queue *q = arg;
	struct blkback_batch *batch = malloc(sizeof(*batch)); /* too large for a stack */

	if (batch) {
		batch->map_count = batch->unmap_count = 0;
		serve(q, batch);
		free(batch);
	} else {
		xenbus_fatal(q->back->dev, -ENOMEM, "no memory for its requests");
	}
	set_stopped(q);
}

int blkback_start(struct blkback_queue *q)
{
	q->request_count = RING_SIZE(&q->ring);
	q->requests = calloc(q->request_count, sizeof(*q->requests));
	if (!q->requests)
		return -ENOMEM;
	list_init(&q->free);
	list_init(&q->finished);
	for (unsigned int i = 0; i < q->request_count; i++)
		list_push_back(&q->free, &q->requests[i].link);
	q->stop = q->stopped = false;
	q->kicked = true;
	if (!thread_create_on(VCPU_ONLY(q->vcpu), "blkback", blkback_thread, q, 0)) {
		free(q->requests);
		q->requests = NULL;
		return -ENOMEM;
	}
	return 0;
}

void blkback_stop(struct blkback_queue *q)
{
	if (!q->requests)
		return;
	WRITE_ONCE(q->stop, true);
	wake_all(&q->wake);
	wait_event(&q->over, has_stopped(q));
	free(q->requests);
	q->requests = NULL;
}
