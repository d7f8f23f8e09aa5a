/* SPDX-License-Identifier: MIT */
/*
 * What a block frontend may ask, checked. Pure: a request that was copied off the ring goes in, a
 * request within the disk's bounds comes out, or the status to answer.
 */
#pragma once

#include "lib/ring.h"

#include <xen/xen.h>
#include <xen/io/blkif.h>

#define BLKRING_SEGS_MAX	   64U /* of one indirect request; one page of segments is enough */
#define BLKRING_SEGS_PER_PAGE	   (PAGE_SIZE / sizeof(struct blkif_request_segment))
#define BLKRING_SECTORS_PER_PAGE   (PAGE_SIZE / 512)

/* The disk as the frontend was told it is. Positions of the protocol are in units of 512 bytes. */
struct blkring_disk {
	uint64_t sectors;
	uint32_t block_sectors; /* of one block, which the disk reads and writes as a whole; 1..8 */
	bool readonly, can_flush, can_discard;
};

struct blkring_request {
	uint8_t op; /* BLKIF_OP_*; of an indirect request the inner one. The response names it */
	uint64_t id;
	uint64_t sector, sectors; /* of a discard: whole blocks, perhaps none */
	bool partial;		  /* to be read or written: not whole blocks */
	bool indirect; /* segs are still to come: blkring_indirect */
	grant_ref_t indirect_ref;
	unsigned int seg_count;
	struct blkif_request_segment seg[BLKRING_SEGS_MAX];
};

/*
 * 0, or the status to answer (BLKIF_RSP_ERROR, BLKIF_RSP_EOPNOTSUPP); id and op are valid in
 * any case. `raw` is the caller's own copy.
 */
int blkring_parse(struct blkring_request *req, const struct blkif_request *raw,
		  const struct blkring_disk *disk);

/* The second step of an indirect request: its page of segments, copied; req->seg_count of them. */
int blkring_indirect(struct blkring_request *req, const struct blkif_request_segment *segs,
		     const struct blkring_disk *disk);
