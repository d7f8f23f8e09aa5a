/* SPDX-License-Identifier: MIT */
/*
 * Requests for parts of a block. Frontends count sectors of 512 bytes, and may ask for one of them
 * where the disk's blocks are larger, too (blkif.h: sector-size and physical-sector-size, of which
 * a good frontend takes heed). So blocks are read, changed in part and written here, one request
 * at a time. It is the slow way of a few requests (a partition table, a super block): the thread
 * waits.
 *
 * Meanwhile no whole block may be written: what was read before it and is written after it would
 * undo it. The gate closes, writes that are under way end, and those that come wait.
 */
#include "blk/blkback.h"

#include "guest/page.h"
#include "guest/vmap.h"

/* A segment is at most a page; it touches one page of whole blocks, or two. */
#define BOUNCE_ORDER 1U

static bool enter(struct blkback *back)
{
	unsigned long flags = spin_lock_save(&back->gate_lock);
	bool open = !back->closed;

	back->whole += open;
	spin_unlock_restore(&back->gate_lock, flags);
	return open;
}

/* Who waits at the gate has shown the disk first what he submitted: others wait for that. */
void blkback_whole_begin(struct blkback *back)
{
	if (enter(back))
		return;
	block_kick(back->disk);
	wait_event(&back->gate, enter(back));
}

void blkback_whole_end(struct blkback *back)
{
	unsigned long flags = spin_lock_save(&back->gate_lock);

	if (!--back->whole)
		wake_all(&back->gate);
	spin_unlock_restore(&back->gate_lock, flags);
}

static void set_gate(struct blkback *back, bool closed)
{
	unsigned long flags = spin_lock_save(&back->gate_lock);

	back->closed = closed;
	wake_all(&back->gate);
	spin_unlock_restore(&back->gate_lock, flags);
}

/* Between the bounce buffer and the frontend's page; no copy crosses a page of ours. */
static int copy(struct blkback_queue *q, char *at, const struct blkif_request_segment *seg,
		bool to_disk)
{
	uint32_t offset = seg->first_sect * SECTOR_SIZE;
	uint32_t left = (seg->last_sect - seg->first_sect + 1U) * SECTOR_SIZE;
	int err = 0;

	while (left && !err) {
		uint32_t room = (uint32_t)(PAGE_SIZE - (uintptr_t)at % PAGE_SIZE);
		uint32_t part = MIN(left, room);
		gnttab_copy_t op = { .len = (uint16_t)part };
		struct gnttab_copy_ptr ours = {
			.u.gmfn = virt_to_mfn((void *)((uintptr_t)at & PAGE_MASK)).n,
			.domid = DOMID_SELF,
			.offset = (uint16_t)((uintptr_t)at % PAGE_SIZE),
		};
		struct gnttab_copy_ptr theirs = {
			.u.ref = seg->gref,
			.domid = q->back->dev->peer_domid,
			.offset = (uint16_t)offset,
		};

		op.source = to_disk ? theirs : ours;
		op.dest = to_disk ? ours : theirs;
		op.flags = to_disk ? GNTCOPY_source_gref : GNTCOPY_dest_gref;
		err = gnttab_copy(&op, 1);
		at += part;
		offset += part;
		left -= part;
	}
	return err;
}

static int segment(struct blkback_queue *q, const struct blkif_request_segment *seg, bool write,
		   uint64_t pos, char *bounce)
{
	struct block_device *disk = q->back->disk;
	uint64_t start = ROUND_DOWN(pos, (uint64_t)disk->block_size);
	uint64_t end = pos + (seg->last_sect - seg->first_sect + 1U) * SECTOR_SIZE;
	size_t len = ROUND_UP(end, (uint64_t)disk->block_size) - start;
	int err = block_rw(disk, BLOCK_READ, start, bounce, len);

	if (!err)
		err = copy(q, bounce + (pos - start), seg, write);
	if (!err && write)
		err = block_rw(disk, BLOCK_WRITE, start, bounce, len);
	return err;
}

static int all_segments(struct blkback_queue *q, const struct blkring_request *req, char *bounce)
{
	uint64_t pos = req->sector << SECTOR_SHIFT;
	int err = 0;

	for (unsigned int i = 0; i < req->seg_count && !err; i++) {
		const struct blkif_request_segment *seg = &req->seg[i];

		err = segment(q, seg, req->op == BLKIF_OP_WRITE, pos, bounce);
		pos += (seg->last_sect - seg->first_sect + 1U) * SECTOR_SIZE;
	}
	return err;
}

static bool alone(struct blkback *back)
{
	unsigned long flags = spin_lock_save(&back->gate_lock);
	bool none = !back->whole;

	spin_unlock_restore(&back->gate_lock, flags);
	return none;
}

int blkback_partial(struct blkback_queue *q, const struct blkring_request *req)
{
	struct blkback *back = q->back;
	char *bounce = page_alloc(BOUNCE_ORDER);
	int err = -ENOMEM;

	if (bounce && req->op == BLKIF_OP_READ) {
		err = all_segments(q, req, bounce);
	} else if (bounce) {
		block_kick(back->disk);
		mutex_lock(&back->partial_lock);
		set_gate(back, true);
		wait_event(&back->gate, alone(back));
		err = all_segments(q, req, bounce);
		set_gate(back, false);
		mutex_unlock(&back->partial_lock);
	}
	page_free(bounce, BOUNCE_ORDER);
	return err ? BLKIF_RSP_ERROR : BLKIF_RSP_OKAY;
}
