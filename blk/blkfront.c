/* SPDX-License-Identifier: MIT */
/*
 * The block frontend's data path. A request takes a slot, whose number is its id on the ring, and
 * one grant for each segment; the response gives both back. Everything runs with upcalls masked:
 * from threads that submit and from the event that completes. Requests that find no slot or no
 * grant wait, in order, until something completes or a timer looks again.
 *
 * The backend is as suspect as any peer: an id that is not in flight, or an index that cannot be,
 * ends the device instead of being believed.
 */
#include "blk/blkfront.h"

#include <stdlib.h>

#include "guest/console.h"
#include "guest/irq.h"
#include "guest/page.h"
#include "guest/vmap.h"

#define NO_SLOT	       RING_SIZE(&front->ring)
#define RETRY_INTERVAL (10 * NS_PER_MS)

int blkfront_slots_init(struct blkfront *front)
{
	unsigned int count = RING_SIZE(&front->ring);

	front->slots = calloc(count, sizeof(*front->slots));
	if (!front->slots)
		return -ENOMEM;
	for (unsigned int i = 0; i < count; i++)
		front->slots[i].next_free = (uint16_t)(i + 1);
	front->free_slot = 0;
	return 0;
}

void blkfront_slots_free(struct blkfront *front)
{
	for (unsigned int i = 0; front->slots && i < RING_SIZE(&front->ring); i++)
		if (front->slots[i].indirect)
			gnttab_revoke_page(front->slots[i].indirect_ref, front->slots[i].indirect);
	free(front->slots);
	front->slots = NULL;
}

/* --- Out -------------------------------------------------------------------------------------- */

/*
 * The slot's page for indirect segments stays granted to the backend, read-only, once it is made.
 */
static bool indirect_page(struct blkfront *front, struct blkfront_slot *slot)
{
	int ref;

	if (slot->indirect)
		return true;
	slot->indirect = page_alloc_zero(0);
	if (!slot->indirect)
		return false;
	ref = gnttab_grant(front->backend, virt_to_mfn(slot->indirect), true);
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

/* Grant every segment and describe it at `out`. False: out of references; none is held then. */
static bool grant_segments(struct blkfront *front, struct blkfront_slot *slot,
			   const struct block_request *req, struct blkif_request_segment *out)
{
	bool readonly = req->op == BLOCK_WRITE;

	slot->seg_count = 0;
	for (unsigned int i = 0; i < req->seg_count; i++) {
		const struct block_seg *seg = &req->segs[i];
		unsigned int first = (seg->maddr & (PAGE_SIZE - 1)) / SECTOR_SIZE;
		int ref = gnttab_grant(front->backend, MFN(seg->maddr >> PAGE_SHIFT), readonly);

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

static bool fill_indirect(struct blkfront *front, unsigned int id, struct blkif_request *raw,
			  const struct block_request *req)
{
	struct blkif_request_indirect *out = (struct blkif_request_indirect *)raw;
	struct blkfront_slot *slot = &front->slots[id];

	if (!indirect_page(front, slot) || !grant_segments(front, slot, req, slot->indirect))
		return false;
	*out = (struct blkif_request_indirect){
		.operation = BLKIF_OP_INDIRECT,
		.indirect_op = req->op == BLOCK_WRITE ? BLKIF_OP_WRITE : BLKIF_OP_READ,
		.nr_segments = (uint16_t)req->seg_count,
		.id = id,
		.sector_number = req->sector,
		.handle = (blkif_vdev_t)front->dev->id,
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

static bool fill_direct(struct blkfront *front, unsigned int id, struct blkif_request *raw,
			const struct block_request *req)
{
	static const uint8_t operation[] = {
		[BLOCK_READ] = BLKIF_OP_READ,
		[BLOCK_WRITE] = BLKIF_OP_WRITE,
		[BLOCK_FLUSH] = BLKIF_OP_FLUSH_DISKCACHE,
	};

	*raw = (struct blkif_request){
		.operation = operation[req->op],
		.nr_segments = (uint8_t)req->seg_count,
		.handle = (blkif_vdev_t)front->dev->id,
		.id = id,
		.sector_number = req->sector,
	};
	return grant_segments(front, &front->slots[id], req, raw->seg);
}

/* Put a request on the ring, not yet published. False: no slot or no grants now. */
static bool start(struct blkfront *front, struct block_request *req)
{
	unsigned int id = front->free_slot;
	struct blkif_request raw = { 0 }; /* some kinds fill only a part: none of our stack goes */
	bool ok;

	if (id == NO_SLOT)
		return false;
	front->slots[id].seg_count = 0;
	if (req->op == BLOCK_DISCARD)
		ok = fill_discard(id, &raw, req);
	else if (req->seg_count > BLKIF_MAX_SEGMENTS_PER_REQUEST)
		ok = fill_indirect(front, id, &raw, req);
	else
		ok = fill_direct(front, id, &raw, req);
	if (!ok)
		return false;
	front->free_slot = front->slots[id].next_free;
	front->slots[id].req = req;
	*RING_GET_REQUEST(&front->ring, front->ring.req_prod_pvt) = raw;
	front->ring.req_prod_pvt++;
	return true;
}

void blkfront_submit(struct block_device *dev, struct block_request *req)
{
	struct blkfront *front = dev->driver;
	unsigned long flags = irq_save();

	if (dev->dead)
		req->done(req, -EIO);
	else if (!front->connected || !list_empty(&front->waiting) || !start(front, req))
		list_push_back(&front->waiting, &req->link);
	irq_restore(flags);
}

static void publish(struct blkfront *front)
{
	int notify;

	if (front->ring.req_prod_pvt == front->ring.sring->req_prod)
		return;
	RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&front->ring, notify);
	if (notify)
		evtchn_notify(front->port);
}

static bool in_flight(const struct blkfront *front)
{
	return front->ring.req_prod_pvt != front->ring.rsp_cons;
}

/*
 * What waits is tried again when something completes. Where others hold all grants or all memory,
 * nothing of ours may be under way that could complete: then a timer tries.
 */
void blkfront_restart(struct blkfront *front)
{
	unsigned long flags = irq_save();

	while (front->connected && !list_empty(&front->waiting)) {
		struct block_request *req =
			container_of(front->waiting.next, struct block_request, link);

		if (!start(front, req))
			break;
		list_remove(&req->link);
	}
	if (front->connected) {
		publish(front);
		if (!list_empty(&front->waiting) && !in_flight(front))
			timer_start(&front->retry, clock_deadline(RETRY_INTERVAL));
	}
	irq_restore(flags);
}

void blkfront_kick(struct block_device *dev)
{
	blkfront_restart(dev->driver);
}

void blkfront_retry(struct clock_timer *timer)
{
	blkfront_restart(timer->arg);
}

/* --- In --------------------------------------------------------------------------------------- */

static void complete(struct blkfront *front, unsigned int id, int err)
{
	struct blkfront_slot *slot = &front->slots[id];
	struct block_request *req = slot->req;

	revoke(slot);
	slot->req = NULL;
	slot->next_free = (uint16_t)front->free_slot;
	front->free_slot = id;
	req->done(req, err);
}

static int response_error(const struct blkif_response *rsp)
{
	if (rsp->status == BLKIF_RSP_OKAY)
		return 0;
	return rsp->status == BLKIF_RSP_EOPNOTSUPP ? -EOPNOTSUPP : -EIO;
}

static void broken(struct blkfront *front, const char *what)
{
	console_print("%s: the backend %s; the device is given up\n", front->block.name, what);
	front->connected = false;
	front->block.dead = true;
	blkfront_fail_all(front, -EIO);
}

void blkfront_event(evtchn_port_t port, void *arg)
{
	struct blkfront *front = arg;
	int more;

	(void)port;
	if (!front->connected)
		return;
	do {
		RING_IDX prod = READ_ONCE(front->ring.sring->rsp_prod);

		rmb(); /* responses are read after the index that announced them */
		if (RING_RESPONSE_PROD_OVERFLOW(&front->ring, prod)) {
			broken(front, "announced more responses than the ring holds");
			return;
		}
		while (front->ring.rsp_cons != prod) {
			struct blkif_response rsp;

			RING_COPY_RESPONSE(&front->ring, front->ring.rsp_cons, &rsp);
			front->ring.rsp_cons++;
			if (rsp.id >= RING_SIZE(&front->ring) || !front->slots[rsp.id].req) {
				broken(front, "answered what was not asked");
				return;
			}
			complete(front, (unsigned int)rsp.id, response_error(&rsp));
		}
		RING_FINAL_CHECK_FOR_RESPONSES(&front->ring, more);
	} while (more);
	blkfront_restart(front);
}

void blkfront_fail_all(struct blkfront *front, int err)
{
	unsigned long flags = irq_save();
	struct list *l;

	for (unsigned int i = 0; front->slots && i < RING_SIZE(&front->ring); i++)
		if (front->slots[i].req)
			complete(front, i, err);
	while ((l = list_pop_front(&front->waiting))) {
		struct block_request *req = container_of(l, struct block_request, link);

		req->done(req, err);
	}
	irq_restore(flags);
}
