/* SPDX-License-Identifier: MIT */
/*
 * Checks of block requests (<xen/io/blkif.h>): nothing leaves here that reaches beyond the disk or
 * a frame.
 */
#include "blk/blkring.h"

static int check_bounds(const struct blkring_request *req, const struct blkring_disk *disk)
{
	if (!req->sectors || req->sector > disk->sectors ||
	    req->sectors > disk->sectors - req->sector)
		return BLKIF_RSP_ERROR;
	return 0;
}

static int check_segs(struct blkring_request *req, const struct blkring_disk *disk)
{
	req->sectors = 0;
	for (unsigned int i = 0; i < req->seg_count; i++) {
		const struct blkif_request_segment *seg = &req->seg[i];

		if (seg->last_sect >= BLKRING_SECTORS_PER_PAGE || seg->first_sect > seg->last_sect)
			return BLKIF_RSP_ERROR;
		req->sectors += seg->last_sect - seg->first_sect + 1U;
	}
	req->partial = (req->sector | req->sectors) % disk->block_sectors;
	return check_bounds(req, disk);
}

static int parse_rw(struct blkring_request *req, const struct blkif_request *raw,
		    const struct blkring_disk *disk)
{
	if (req->op == BLKIF_OP_WRITE && disk->readonly)
		return BLKIF_RSP_ERROR;
	if (!raw->nr_segments || raw->nr_segments > BLKIF_MAX_SEGMENTS_PER_REQUEST)
		return BLKIF_RSP_ERROR;
	req->sector = raw->sector_number;
	req->seg_count = raw->nr_segments;
	memcpy(req->seg, raw->seg, raw->nr_segments * sizeof(raw->seg[0]));
	return check_segs(req, disk);
}

static int parse_indirect(struct blkring_request *req, const struct blkif_request *raw,
			  const struct blkring_disk *disk)
{
	struct blkif_request_indirect in;

	memcpy(&in, raw, sizeof(in));
	req->id = in.id;
	req->op = in.indirect_op;
	req->sector = in.sector_number;
	if (req->op != BLKIF_OP_READ && req->op != BLKIF_OP_WRITE)
		return BLKIF_RSP_EOPNOTSUPP;
	if (req->op == BLKIF_OP_WRITE && disk->readonly)
		return BLKIF_RSP_ERROR;
	if (!in.nr_segments || in.nr_segments > BLKRING_SEGS_MAX)
		return BLKIF_RSP_ERROR;
	req->indirect = true;
	req->indirect_ref = in.indirect_grefs[0];
	req->seg_count = in.nr_segments;
	return 0;
}

/* What is discarded need not be kept, but what is not must be: parts of a block stay. */
static void trim_discard(struct blkring_request *req, uint64_t block)
{
	uint64_t end = ROUND_DOWN(req->sector + req->sectors, block);

	req->sector = ROUND_UP(req->sector, block);
	req->sectors = end > req->sector ? end - req->sector : 0;
}

static int parse_discard(struct blkring_request *req, const struct blkif_request *raw,
			 const struct blkring_disk *disk)
{
	struct blkif_request_discard in;

	memcpy(&in, raw, sizeof(in));
	req->id = in.id;
	req->sector = in.sector_number;
	req->sectors = in.nr_sectors;
	/*
	 * discard-secure is never offered: a frontend that asks for it wants more than we would do.
	 */
	if (!disk->can_discard || in.flag & BLKIF_DISCARD_SECURE)
		return BLKIF_RSP_EOPNOTSUPP;
	if (disk->readonly || check_bounds(req, disk))
		return BLKIF_RSP_ERROR;
	trim_discard(req, disk->block_sectors);
	return 0;
}

int blkring_parse(struct blkring_request *req, const struct blkif_request *raw,
		  const struct blkring_disk *disk)
{
	/* Everything but the segments, which are 64 and come only as far as they count. */
	memset(req, 0, offsetof(struct blkring_request, seg));
	req->op = raw->operation;
	req->id = raw->id;
	switch (raw->operation) {
	case BLKIF_OP_READ:
	case BLKIF_OP_WRITE:
		return parse_rw(req, raw, disk);
	case BLKIF_OP_FLUSH_DISKCACHE:
		return disk->can_flush && !raw->nr_segments ? 0 : BLKIF_RSP_EOPNOTSUPP;
	case BLKIF_OP_DISCARD:
		return parse_discard(req, raw, disk);
	case BLKIF_OP_INDIRECT:
		return parse_indirect(req, raw, disk);
	default:
		return BLKIF_RSP_EOPNOTSUPP;
	}
}

int blkring_indirect(struct blkring_request *req, const struct blkif_request_segment *segs,
		     const struct blkring_disk *disk)
{
	memcpy(req->seg, segs, req->seg_count * sizeof(segs[0]));
	return check_segs(req, disk);
}
