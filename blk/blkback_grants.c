/* SPDX-License-Identifier: MIT */
/*
 * The block backend's grants. They are mapped for the device alone (GNTMAP_device_map), which holds
 * the frame and tells its machine address: no page table changes, no TLB is flushed, no byte is
 * copied. A batch of them is one hypercall.
 *
 * Frontends that use the same pages over and over (feature-persistent) have them kept mapped, for
 * reading and writing, as the protocol has it. There is a bound: beyond it, what was used longest
 * ago is let go, and when all are in use, a grant is mapped for its request alone. So a frontend
 * that says so and does not do it costs its own speed, and of our memory no more than the bound.
 */
#include "blk/blkback.h"

#include <stdlib.h>

#include "guest/hypercall.h"

#define KEPT_MAX     1056U /* a queue: 32 requests of 33 segments, what Linux's backend keeps */
#define KEPT_BUCKETS 256U

struct kept_grant {
	struct list bucket;
	struct list unused; /* in kept_grants.unused while users is 0 */
	unsigned int users; /* segments of requests */
	grant_ref_t ref;
	grant_handle_t handle;
	uint64_t maddr;
};

_Static_assert(BLKRING_SEGS_MAX <= 64, "bits of blkback_request.held");

static struct list *bucket_of(struct kept_grants *kept, grant_ref_t ref)
{
	return &kept->buckets[ref % KEPT_BUCKETS];
}

static struct kept_grant *find(struct kept_grants *kept, grant_ref_t ref)
{
	struct kept_grant *grant;

	list_for_each(grant, bucket_of(kept, ref), bucket)
		if (grant->ref == ref)
			return grant;
	return NULL;
}

static void take(struct kept_grant *grant)
{
	if (!grant->users++)
		list_remove(&grant->unused);
}

static void put(struct kept_grants *kept, struct kept_grant *grant)
{
	if (!--grant->users)
		list_push_back(&kept->unused, &grant->unused);
}

/* --- Letting go ------------------------------------------------------------------------------- */

void blkback_unmap_flush(struct blkback_batch *batch)
{
	if (batch->unmap_count)
		hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, batch->unmap,
					 batch->unmap_count);
	batch->unmap_count = 0;
}

static void unmap(struct blkback_batch *batch, grant_handle_t handle, uint64_t maddr)
{
	if (batch->unmap_count == BLKBACK_BATCH)
		blkback_unmap_flush(batch);
	batch->unmap[batch->unmap_count++] = (struct gnttab_unmap_grant_ref){
		.dev_bus_addr = maddr & PAGE_MASK,
		.handle = handle,
	};
}

void blkback_unmap_add(struct blkback_batch *batch, struct blkback_request *req)
{
	for (unsigned int i = 0; i < req->ring.seg_count; i++) {
		if (!(req->held >> i & 1))
			continue;
		if (req->kept[i])
			put(&req->queue->kept, req->kept[i]);
		else
			unmap(batch, req->handles[i], req->segs[i].maddr);
	}
	req->held = 0;
}

static void forget(struct kept_grants *kept, struct kept_grant *grant, struct blkback_batch *batch)
{
	list_remove(&grant->bucket);
	list_remove(&grant->unused);
	kept->count--;
	unmap(batch, grant->handle, grant->maddr);
	free(grant);
}

int blkback_keep_start(struct kept_grants *kept)
{
	kept->buckets = malloc(KEPT_BUCKETS * sizeof(*kept->buckets));
	if (!kept->buckets)
		return -ENOMEM;
	for (unsigned int i = 0; i < KEPT_BUCKETS; i++)
		list_init(&kept->buckets[i]);
	list_init(&kept->unused);
	kept->count = 0;
	return 0;
}

void blkback_keep_stop(struct kept_grants *kept, struct blkback_batch *batch)
{
	if (!kept->buckets)
		return;
	while (!list_empty(&kept->unused))
		forget(kept, list_first(&kept->unused, struct kept_grant, unused), batch);
	blkback_unmap_flush(batch);
	free(kept->buckets);
	kept->buckets = NULL;
}

/* --- Mapping ---------------------------------------------------------------------------------- */

static void set_segment(struct blkback_request *req, unsigned int i, uint64_t frame)
{
	const struct blkif_request_segment *seg = &req->ring.seg[i];

	req->segs[i] = (struct block_seg){
		.maddr = frame + seg->first_sect * SECTOR_SIZE,
		.len = (seg->last_sect - seg->first_sect + 1U) * SECTOR_SIZE,
	};
	req->held |= 1ULL << i;
}

/* Keeps a mapping that was just made; NULL: it is for this request alone. */
static struct kept_grant *keep(struct kept_grants *kept, const struct gnttab_map_grant_ref *op,
			       struct blkback_batch *batch)
{
	struct kept_grant *grant;

	/* The same reference may stand twice in one batch. */
	if (!kept->buckets || find(kept, op->ref))
		return NULL;
	if (kept->count == KEPT_MAX) {
		if (list_empty(&kept->unused))
			return NULL;
		forget(kept, list_first(&kept->unused, struct kept_grant, unused), batch);
	}
	grant = calloc(1, sizeof(*grant));
	if (!grant)
		return NULL;
	grant->ref = op->ref;
	grant->handle = op->handle;
	grant->maddr = op->dev_bus_addr;
	grant->users = 1;
	list_init(&grant->unused);
	list_push_back(bucket_of(kept, op->ref), &grant->bucket);
	kept->count++;
	return grant;
}

void blkback_map_flush(struct blkback_batch *batch)
{
	if (!batch->map_count)
		return;
	hypercall_grant_table_op(GNTTABOP_map_grant_ref, batch->map, batch->map_count);
	for (unsigned int i = 0; i < batch->map_count; i++) {
		const struct gnttab_map_grant_ref *op = &batch->map[i];
		struct blkback_request *req = batch->owner[i].req;
		unsigned int seg = batch->owner[i].seg;

		if (op->status != GNTST_okay) {
			req->status = BLKIF_RSP_ERROR;
			continue;
		}
		set_segment(req, seg, op->dev_bus_addr);
		req->handles[seg] = op->handle;
		req->kept[seg] = keep(&req->queue->kept, op, batch);
	}
	batch->map_count = 0;
}

/* True: the page is mapped already. */
static bool use_kept(struct blkback_request *req, unsigned int i)
{
	struct kept_grants *kept = &req->queue->kept;
	struct kept_grant *grant = kept->buckets ? find(kept, req->ring.seg[i].gref) : NULL;

	if (!grant)
		return false;
	take(grant);
	set_segment(req, i, grant->maddr);
	req->kept[i] = grant;
	return true;
}

void blkback_map_add(struct blkback_batch *batch, struct blkback_request *req)
{
	uint32_t flags = GNTMAP_device_map;

	if (req->ring.op == BLKIF_OP_WRITE && !req->queue->kept.buckets)
		flags |= GNTMAP_readonly;
	for (unsigned int i = 0; i < req->ring.seg_count; i++) {
		if (use_kept(req, i))
			continue;
		if (batch->map_count == BLKBACK_BATCH)
			blkback_map_flush(batch);
		batch->owner[batch->map_count].req = req;
		batch->owner[batch->map_count].seg = i;
		batch->map[batch->map_count++] = (struct gnttab_map_grant_ref){
			.flags = flags,
			.ref = req->ring.seg[i].gref,
			.dom = req->queue->back->dev->peer_domid,
			.status = GNTST_general_error, /* where the hypercall itself fails */
		};
	}
}
