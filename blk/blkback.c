/* SPDX-License-Identifier: MIT */
/*
 * The block backend's data path: one thread a disk.
 *
 *	ring -> copy and check -> map the grants of a whole batch -> disk -> finished ->
 *	unmap a whole batch -> responses -> one notification
 *
 * Data is never touched: a grant is mapped for the device alone (GNTMAP_device_map), which holds
 * the frame and tells its machine address, and the disk reads or writes it there. So there is no
 * page table to change, no TLB to flush, and no copy.
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

#include "guest/hypercall.h"
#include "guest/irq.h"
#include "guest/thread.h"
#include "guest/vmap.h"

#define BATCH_GRANTS 128U

/* --- Grants, in batches ----------------------------------------------------------------------- */

/* One hypercall for the segments of many requests. The thread's own: it never sleeps in between. */
struct map_batch {
	struct gnttab_map_grant_ref ops[BATCH_GRANTS];
	struct blkback_request *owner[BATCH_GRANTS];
	unsigned int count;
};

static void map_flush(struct map_batch *batch)
{
	if (!batch->count)
		return;
	hypercall_grant_table_op(GNTTABOP_map_grant_ref, batch->ops, batch->count);
	for (unsigned int i = 0; i < batch->count; i++) {
		struct blkback_request *req = batch->owner[i];
		const struct gnttab_map_grant_ref *op = &batch->ops[i];
		const struct blkif_request_segment *seg = &req->ring.seg[req->mapped];

		/*
		 * After one failure the rest of a request is let go at once, so that mapped ones
		 * come first.
		 */
		if (op->status == GNTST_okay && req->status == BLKIF_RSP_OKAY) {
			req->handles[req->mapped] = op->handle;
			req->segs[req->mapped].maddr =
				op->dev_bus_addr + seg->first_sect * SECTOR_SIZE;
			req->segs[req->mapped].len =
				(seg->last_sect - seg->first_sect + 1U) * SECTOR_SIZE;
			req->mapped++;
			continue;
		}
		req->status = BLKIF_RSP_ERROR;
		if (op->status == GNTST_okay) {
			struct gnttab_unmap_grant_ref unmap = { .dev_bus_addr = op->dev_bus_addr,
								.handle = op->handle };

			hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1);
		}
	}
	batch->count = 0;
}

static void map_add(struct map_batch *batch, struct blkback *back, struct blkback_request *req)
{
	uint32_t flags = GNTMAP_device_map;

	if (req->ring.op == BLKIF_OP_WRITE)
		flags |= GNTMAP_readonly;
	for (unsigned int i = 0; i < req->ring.seg_count; i++) {
		if (batch->count == BATCH_GRANTS)
			map_flush(batch);
		batch->owner[batch->count] = req;
		batch->ops[batch->count++] = (struct gnttab_map_grant_ref){
			.flags = flags,
			.ref = req->ring.seg[i].gref,
			.dom = back->dev->peer_domid,
		};
	}
}

static void unmap_request(struct gnttab_unmap_grant_ref *ops, unsigned int *count,
			  struct blkback_request *req)
{
	for (unsigned int i = 0; i < req->mapped; i++) {
		if (*count == BATCH_GRANTS) {
			hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, ops, *count);
			*count = 0;
		}
		ops[(*count)++] = (struct gnttab_unmap_grant_ref){
			.dev_bus_addr = req->segs[i].maddr & PAGE_MASK,
			.handle = req->handles[i],
		};
	}
	req->mapped = 0;
}

/* --- Requests --------------------------------------------------------------------------------- */

static void request_done(struct block_request *block, int err)
{
	struct blkback_request *req = container_of(block, struct blkback_request, block);
	struct blkback *back = block->arg;
	unsigned long flags = irq_save();

	if (err)
		req->status = err == -EOPNOTSUPP ? BLKIF_RSP_EOPNOTSUPP : BLKIF_RSP_ERROR;
	list_push_back(&back->finished, &req->link);
	back->in_flight--;
	wake_one(&back->wake);
	irq_restore(flags);
}

static void request_finish(struct blkback *back, struct blkback_request *req)
{
	unsigned long flags = irq_save();

	list_push_back(&back->finished, &req->link);
	irq_restore(flags);
}

static const enum block_op disk_op[] = {
	[BLKIF_OP_READ] = BLOCK_READ,
	[BLKIF_OP_WRITE] = BLOCK_WRITE,
	[BLKIF_OP_FLUSH_DISKCACHE] = BLOCK_FLUSH,
	[BLKIF_OP_DISCARD] = BLOCK_DISCARD,
};

static void request_submit(struct blkback *back, struct blkback_request *req)
{
	unsigned long flags;

	if (req->status != BLKIF_RSP_OKAY) {
		request_finish(back, req);
		return;
	}
	flags = irq_save();
	back->in_flight++;
	irq_restore(flags);
	req->block = (struct block_request){
		.op = disk_op[req->ring.op],
		.sector = req->ring.sector,
		.sectors = req->ring.sectors,
		.segs = req->segs,
		.seg_count = req->mapped,
		.done = request_done,
		.arg = back,
	};
	block_submit(back->disk, &req->block);
}

/* The segments of an indirect request stand in a page of the frontend: copied once. */
static int request_indirect(struct blkback *back, struct blkback_request *req)
{
	gnttab_copy_t copy = {
		.source = { .u.ref = req->ring.indirect_ref, .domid = back->dev->peer_domid },
		.dest = { .u.gmfn = virt_to_mfn(back->indirect_page).n, .domid = DOMID_SELF },
		.len = (uint16_t)(req->ring.seg_count * sizeof(struct blkif_request_segment)),
		.flags = GNTCOPY_source_gref,
	};

	if (gnttab_copy(&copy, 1))
		return BLKIF_RSP_ERROR;
	return blkring_indirect(&req->ring, back->indirect_page, &back->limits);
}

/* Take all that the ring and our requests allow. False: the ring is not to be trusted any more. */
static bool take_requests(struct blkback *back, struct map_batch *batch)
{
	RING_IDX prod = READ_ONCE(back->ring.sring->req_prod);
	struct list taken;
	struct list *l;

	rmb(); /* the requests are read after the index that announced them */
	if (RING_REQUEST_PROD_OVERFLOW(&back->ring, prod))
		return false;
	list_init(&taken);
	while (back->ring.req_cons != prod && (l = list_pop_front(&back->free))) {
		struct blkback_request *req = container_of(l, struct blkback_request, link);
		struct blkif_request raw;

		RING_COPY_REQUEST(&back->ring, back->ring.req_cons, &raw);
		back->ring.req_cons++;
		req->mapped = 0;
		req->status = (int16_t)blkring_parse(&req->ring, &raw, &back->limits);
		if (req->status == BLKIF_RSP_OKAY && req->ring.indirect)
			req->status = (int16_t)request_indirect(back, req);
		if (req->status == BLKIF_RSP_OKAY && req->ring.seg_count)
			map_add(batch, back, req);
		list_push_back(&taken, &req->link);
	}
	map_flush(batch);
	if (list_empty(&taken))
		return true;
	while ((l = list_pop_front(&taken)))
		request_submit(back, container_of(l, struct blkback_request, link));
	block_kick(back->disk);
	return true;
}

static void respond(struct blkback *back, const struct blkback_request *req)
{
	struct blkif_response *rsp = RING_GET_RESPONSE(&back->ring, back->ring.rsp_prod_pvt);

	rsp->id = req->ring.id;
	rsp->operation = req->ring.op;
	rsp->status = req->status;
	back->ring.rsp_prod_pvt++;
	back->requests_done++;
	back->sectors_done += req->status == BLKIF_RSP_OKAY ? req->ring.sectors : 0;
	back->errors += req->status != BLKIF_RSP_OKAY;
}

/*
 * Unmap what has finished, then answer it: the frontend may reuse a page once it reads the
 * response.
 */
static void answer_finished(struct blkback *back, struct gnttab_unmap_grant_ref *ops)
{
	struct list done, *l;
	unsigned int count = 0;
	unsigned long flags;
	int notify;

	list_init(&done);
	flags = irq_save();
	while ((l = list_pop_front(&back->finished)))
		list_push_back(&done, l);
	irq_restore(flags);
	if (list_empty(&done))
		return;
	for (l = done.next; l != &done; l = l->next)
		unmap_request(ops, &count, container_of(l, struct blkback_request, link));
	if (count)
		hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, ops, count);
	while ((l = list_pop_front(&done))) {
		respond(back, container_of(l, struct blkback_request, link));
		list_push_back(&back->free, l);
	}
	RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&back->ring, notify);
	if (notify)
		evtchn_notify(back->port);
}

/* --- The thread ------------------------------------------------------------------------------- */

void blkback_event(evtchn_port_t port, void *arg)
{
	struct blkback *back = arg;

	(void)port;
	back->kicked = true;
	wake_one(&back->wake);
}

static bool has_work(struct blkback *back)
{
	return READ_ONCE(back->kicked) || READ_ONCE(back->stop) || !list_empty(&back->finished);
}

/*
 * What is needed for batches is large, so it is one block of the thread's life, not of its stack.
 */
struct batches {
	struct map_batch map;
	struct gnttab_unmap_grant_ref unmap[BATCH_GRANTS];
};

static void serve(struct blkback *back, struct batches *batches)
{
	bool trusted = true;
	int more;

	while (!READ_ONCE(back->stop)) {
		wait_event(&back->wake, has_work(back));
		do {
			WRITE_ONCE(back->kicked, false);
			answer_finished(back, batches->unmap);
			trusted = trusted && take_requests(back, &batches->map);
			RING_FINAL_CHECK_FOR_REQUESTS(&back->ring, more);
			/* Without a free request the next one that finishes brings us back. */
		} while (trusted && more && !list_empty(&back->free) && !READ_ONCE(back->stop));
		if (!trusted) {
			xenbus_fatal(back->dev, -EPROTO,
				     "the frontend's ring indexes are impossible");
			break;
		}
	}
	/* The frontend's frames stay mapped until the disk has let go of them. */
	wait_event(&back->wake, !READ_ONCE(back->in_flight));
	answer_finished(back, batches->unmap);
}

static void blkback_thread(void *arg)
{
	struct blkback *back = arg;
	struct batches *batches = malloc(sizeof(*batches));
	unsigned long flags;

	if (batches) {
		batches->map.count = 0;
		serve(back, batches);
		free(batches);
	} else {
		xenbus_fatal(back->dev, -ENOMEM, "no memory for its requests");
	}
	/* One step: whoever waits for `stopped` frees `back` with its queue. */
	flags = irq_save();
	back->stopped = true;
	wake_all(&back->wake);
	irq_restore(flags);
}

int blkback_start(struct blkback *back)
{
	back->request_count = RING_SIZE(&back->ring);
	back->requests = calloc(back->request_count, sizeof(*back->requests));
	if (!back->requests)
		return -ENOMEM;
	list_init(&back->free);
	list_init(&back->finished);
	for (unsigned int i = 0; i < back->request_count; i++)
		list_push_back(&back->free, &back->requests[i].link);
	back->stop = back->stopped = false;
	back->kicked = true;
	if (!thread_create("blkback", blkback_thread, back, 0)) {
		free(back->requests);
		back->requests = NULL;
		return -ENOMEM;
	}
	return 0;
}

void blkback_stop(struct blkback *back)
{
	WRITE_ONCE(back->stop, true);
	wake_all(&back->wake);
	wait_event(&back->wake, READ_ONCE(back->stopped));
	free(back->requests);
	back->requests = NULL;
}
