/* SPDX-License-Identifier: MIT */
/*
 * Rule: a block request leaves the checks only if every sector and every byte of memory is in
 * bounds.
 */
// uses: blk/blkring.c
#include "blk/blkring.h"

#include <stdio.h>

#include "tests/host/check.h"

static const struct blkring_disk disk = {
	.sectors = 100,
	.block_sectors = 1,
	.can_flush = true,
	.can_discard = true,
};
static const struct blkring_disk large = {
	.sectors = 96,
	.block_sectors = 8,
	.can_discard = true,
};
static const struct blkring_disk plain = { .sectors = 100, .block_sectors = 1, .readonly = true };

static struct blkif_request read_request(unsigned int segs, uint64_t sector)
{
	struct blkif_request raw = { .operation = BLKIF_OP_READ,
				     .nr_segments = (uint8_t)segs,
				     .id = 0x123456789abcdefULL,
				     .sector_number = sector };

	for (unsigned int i = 0; i < segs && i < BLKIF_MAX_SEGMENTS_PER_REQUEST; i++)
		raw.seg[i] = (struct blkif_request_segment){ .gref = i, .last_sect = 7 };
	return raw;
}

static int parse(struct blkif_request raw, const struct blkring_disk *d,
		 struct blkring_request *out)
{
	return blkring_parse(out, &raw, d);
}

static void test_read_write(void)
{
	struct blkif_request raw = read_request(2, 84);
	struct blkring_request req;

	CHECK("read-to-end", !parse(raw, &disk, &req) && req.sectors == 16 && req.seg_count == 2);
	CHECK("id-kept", req.id == raw.id && req.op == BLKIF_OP_READ);
	CHECK("read-beyond", parse(read_request(2, 85), &disk, &req) == BLKIF_RSP_ERROR);
	CHECK("sector-wraps", parse(read_request(1, ~0ULL), &disk, &req) == BLKIF_RSP_ERROR);
	CHECK("no-segments", parse(read_request(0, 0), &disk, &req) == BLKIF_RSP_ERROR);
	CHECK("too-many-segments", parse(read_request(12, 0), &disk, &req) == BLKIF_RSP_ERROR);
	raw = read_request(1, 0);
	raw.seg[0].last_sect = 8;
	CHECK("segment-beyond-page", parse(raw, &disk, &req) == BLKIF_RSP_ERROR);
	raw.seg[0] = (struct blkif_request_segment){ .first_sect = 5, .last_sect = 4 };
	CHECK("segment-backwards", parse(raw, &disk, &req) == BLKIF_RSP_ERROR);
	raw = read_request(1, 0);
	raw.operation = BLKIF_OP_WRITE;
	CHECK("write", !parse(raw, &disk, &req) && req.op == BLKIF_OP_WRITE);
	CHECK("write-readonly", parse(raw, &plain, &req) == BLKIF_RSP_ERROR);
}

/* A disk of blocks of 4096 bytes: positions still count 512. */
static void test_large_blocks(void)
{
	struct blkif_request raw = read_request(2, 8);
	struct blkif_request_discard discard = { .operation = BLKIF_OP_DISCARD,
						 .sector_number = 4,
						 .nr_sectors = 30 };
	struct blkring_request req;

	CHECK("whole", !parse(raw, &large, &req) && !req.partial);
	CHECK("begins-within", !parse(read_request(2, 9), &large, &req) && req.partial);
	raw.seg[1].last_sect = 3;
	CHECK("ends-within", !parse(raw, &large, &req) && req.partial && req.sectors == 12);
	CHECK("never-on-512", !parse(read_request(2, 9), &disk, &req) && !req.partial);
	memcpy(&raw, &discard, sizeof(discard));
	CHECK("discard-inwards",
	      !parse(raw, &large, &req) && req.sector == 8 && req.sectors == 24);
	discard.nr_sectors = 7;
	memcpy(&raw, &discard, sizeof(discard));
	CHECK("discard-nothing", !parse(raw, &large, &req) && !req.sectors);
	discard.nr_sectors = 93;
	memcpy(&raw, &discard, sizeof(discard));
	CHECK("discard-beyond", parse(raw, &large, &req) == BLKIF_RSP_ERROR);
}

static void test_other_operations(void)
{
	struct blkif_request raw = { .operation = BLKIF_OP_FLUSH_DISKCACHE, .id = 9 };
	struct blkif_request_discard discard = { .operation = BLKIF_OP_DISCARD,
						 .id = 7,
						 .sector_number = 90,
						 .nr_sectors = 10 };
	struct blkring_request req;

	CHECK("flush", !parse(raw, &disk, &req) && req.seg_count == 0);
	CHECK("flush-not-offered", parse(raw, &plain, &req) == BLKIF_RSP_EOPNOTSUPP);
	raw.operation = BLKIF_OP_WRITE_BARRIER;
	CHECK("barrier-not-offered", parse(raw, &disk, &req) == BLKIF_RSP_EOPNOTSUPP);
	raw.operation = 77;
	CHECK("unknown", parse(raw, &disk, &req) == BLKIF_RSP_EOPNOTSUPP && req.id == 9);

	memcpy(&raw, &discard, sizeof(discard));
	CHECK("discard", !parse(raw, &disk, &req) && req.sectors == 10 && req.id == 7);
	CHECK("discard-not-offered", parse(raw, &plain, &req) == BLKIF_RSP_EOPNOTSUPP);
	discard.nr_sectors = 11;
	memcpy(&raw, &discard, sizeof(discard));
	CHECK("discard-beyond", parse(raw, &disk, &req) == BLKIF_RSP_ERROR);
	discard.flag = BLKIF_DISCARD_SECURE;
	memcpy(&raw, &discard, sizeof(discard));
	CHECK("discard-secure", parse(raw, &disk, &req) == BLKIF_RSP_EOPNOTSUPP);
}

static void test_indirect(void)
{
	struct blkif_request_indirect in = { .operation = BLKIF_OP_INDIRECT,
					     .indirect_op = BLKIF_OP_READ,
					     .nr_segments = 12,
					     .id = 3,
					     .sector_number = 4,
					     .indirect_grefs = { 42 } };
	struct blkif_request_segment segs[BLKRING_SEGS_PER_PAGE] = { 0 };
	struct blkring_request req;
	struct blkif_request raw;

	for (unsigned int i = 0; i < 12; i++)
		segs[i] = (struct blkif_request_segment){ .gref = i, .last_sect = 7 };
	memcpy(&raw, &in, sizeof(in));
	CHECK("indirect", !parse(raw, &disk, &req) && req.indirect && req.indirect_ref == 42);
	CHECK("indirect-answered-as-its-inner-operation", req.op == BLKIF_OP_READ);
	CHECK("indirect-segments", !blkring_indirect(&req, segs, &disk) && req.sectors == 96);
	segs[11].last_sect = 200;
	CHECK("indirect-bad-segment", blkring_indirect(&req, segs, &disk) == BLKIF_RSP_ERROR);
	in.sector_number = 5;
	segs[11].last_sect = 7;
	memcpy(&raw, &in, sizeof(in));
	CHECK("indirect-beyond",
	      !parse(raw, &disk, &req) && blkring_indirect(&req, segs, &disk) == BLKIF_RSP_ERROR);
	in.nr_segments = BLKRING_SEGS_MAX + 1;
	memcpy(&raw, &in, sizeof(in));
	CHECK("indirect-too-many", parse(raw, &disk, &req) == BLKIF_RSP_ERROR);
	in.nr_segments = 1;
	in.indirect_op = BLKIF_OP_INDIRECT;
	memcpy(&raw, &in, sizeof(in));
	CHECK("indirect-nested", parse(raw, &disk, &req) == BLKIF_RSP_EOPNOTSUPP);
}

int main(void)
{
	test_read_write();
	test_large_blocks();
	test_other_operations();
	test_indirect();
	return failures != 0;
}
