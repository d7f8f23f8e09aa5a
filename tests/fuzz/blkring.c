/* SPDX-License-Identifier: MIT */
/*
 * Rule: whatever a block frontend writes, what passes the checks lies within the disk and its
 * frames.
 */
// uses: blk/blkring.c
#include "blk/blkring.h"

#include <stdlib.h>

static void check(const struct blkring_request *req, const struct blkring_disk *disk)
{
	uint64_t sectors = 0;

	if (req->op == BLKIF_OP_FLUSH_DISKCACHE)
		return;
	if (req->op == BLKIF_OP_DISCARD && !req->sectors)
		return; /* no whole block */
	if (!req->sectors || req->sector + req->sectors < req->sector ||
	    req->sector + req->sectors > disk->sectors)
		abort();
	for (unsigned int i = 0; i < req->seg_count; i++) {
		if (req->seg[i].last_sect > 7 || req->seg[i].first_sect > req->seg[i].last_sect)
			abort();
		sectors += req->seg[i].last_sect - req->seg[i].first_sect + 1U;
	}
	if (req->seg_count && sectors != req->sectors)
		abort();
	if (!req->partial && (req->sector | req->sectors) % disk->block_sectors)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct blkring_disk disk = {
		.sectors = 1000,
		.block_sectors = size & 1 ? 8 : 1,
		.can_flush = true,
		.can_discard = true,
	};
	struct blkif_request_segment segs[BLKRING_SEGS_MAX] = { 0 };
	struct blkif_request raw = { 0 };
	struct blkring_request req;

	memcpy(&raw, data, size < sizeof(raw) ? size : sizeof(raw));
	if (blkring_parse(&req, &raw, &disk))
		return 0;
	if (req.indirect) {
		if (size > sizeof(raw))
			memcpy(segs, data + sizeof(raw),
			       size - sizeof(raw) < sizeof(segs) ? size - sizeof(raw)
								 : sizeof(segs));
		if (blkring_indirect(&req, segs, &disk))
			return 0;
	}
	check(&req, &disk);
	return 0;
}
