/* SPDX-License-Identifier: MIT */
/*
 * Block devices as their users see them: virtio-blk in dom0 and blkfront elsewhere look the same.
 */
#pragma once

#include "guest/types.h"
#include "lib/list.h"

#define SECTOR_SHIFT 9
#define SECTOR_SIZE  512U

enum block_op {
	BLOCK_READ,
	BLOCK_WRITE,
	BLOCK_FLUSH,   /* what was completed before is on stable storage after; no segments */
	BLOCK_DISCARD, /* `sectors` need not be kept any more; no segments */
};

/*
 * Memory of a request: inside one machine frame, both numbers multiples of 512. It is told by
 * machine address, so that it may be memory of another domain that is held by a grant.
 */
struct block_seg {
	uint64_t maddr;
	uint32_t len;
};

struct block_device;

/*
 * The submitter owns a request and its segments, and keeps them until done was called, in an upcall
 * (masked: it may wake, not sleep), on any vcpu, or inside block_submit; the driver holds no lock
 * then. err: 0, -EIO, -EOPNOTSUPP.
 */
struct block_request {
	enum block_op op;
	uint64_t sector;  /* in units of 512 bytes */
	uint64_t sectors; /* of BLOCK_DISCARD */
	const struct block_seg *segs;
	unsigned int seg_count; /* at most max_segs of the device */
	void (*done)(struct block_request *req, int err);
	void *arg;

	/* The driver's, while it has the request. */
	struct list link;
	unsigned int parts; /* that are under way */
	int err;	    /* of one of them */
};

struct block_device {
	char name[16];       /* "vda", "xvda" */
	uint64_t sectors;    /* of 512 bytes */
	uint32_t block_size; /* every position and length is a multiple of it: 512..4096 */
	bool readonly;
	bool can_flush, can_discard;
	uint32_t discard_granularity; /* bytes; 0: nothing larger than a block */
	uint64_t discard_max;	      /* sectors that one BLOCK_DISCARD may have */
	bool dead; /* the device has failed or gone: everything answers -EIO */
	unsigned int max_segs;

	/*
	 * submit takes a checked request, in any context; kick makes the device look at all that
	 * was submitted. A full device keeps requests until there is room.
	 */
	void (*submit)(struct block_device *dev, struct block_request *req);
	void (*kick)(struct block_device *dev);
	void *driver;
	struct block_device *next;
};

/* The device stays for good; also opens as the file /dev/NAME. */
void block_register(struct block_device *dev);

/* "xvda" or "/dev/xvda"; NULL: no such device. */
struct block_device *block_find(const char *name);
struct block_device *block_next(const struct block_device *dev); /* NULL: the first */

/* Refuses what the device cannot do (-EINVAL, -EROFS, -EIO through done), else hands it on. */
void block_submit(struct block_device *dev, struct block_request *req);
void block_kick(struct block_device *dev);

/*
 * Read or write len bytes at pos (both multiples of block_size) and wait; many requests are in
 * flight at once. Any buffer; one aligned to 512 bytes is not copied. 0 or -errno. From threads.
 */
int block_rw(struct block_device *dev, enum block_op op, uint64_t pos, void *buf, size_t len);
int block_flush(struct block_device *dev);
int block_discard(struct block_device *dev, uint64_t pos, uint64_t len);
