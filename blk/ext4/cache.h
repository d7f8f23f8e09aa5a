/* SPDX-License-Identifier: MIT */
/* A write-back cache of a disk's blocks, for a file system's metadata and small files. */
#pragma once

#include "blk/block.h"
#include "guest/lock.h"

#define CACHE_BUCKETS 256U

struct cached_block {
	uint64_t block;
	bool dirty;
	struct cached_block *chain; /* of its bucket */
	struct list lru;	    /* oldest first */
	char *data;
};

struct cache {
	struct block_device *dev;
	uint32_t block_size;
	unsigned int max, used, dirty; /* blocks; under lock, as all below */
	struct mutex lock;
	struct cached_block *bucket[CACHE_BUCKETS];
	struct list lru;
	uint64_t hits, misses;
};

/* block_size: a multiple of the device's, at most 64 KiB. `bytes`: what it may use. */
void cache_init(struct cache *cache, struct block_device *dev, uint32_t block_size, size_t bytes);
void cache_free(struct cache *cache); /* what is dirty is lost: flush before */

/*
 * Read and write whole blocks. A few go through the cache; a long read goes to the disk directly,
 * after what it covers was written back. 0 or -errno.
 */
int cache_read(struct cache *cache, uint64_t block, unsigned int count, void *buf);
/* Bytes of one block; they may not go beyond its end. */
int cache_read_part(struct cache *cache, uint64_t block, size_t offset, void *buf, size_t len);
int cache_write(struct cache *cache, uint64_t block, unsigned int count, const void *buf);
void cache_forget(struct cache *cache, uint64_t block, uint64_t count);

/* All dirty blocks to the disk, and the disk's own cache to its medium. */
int cache_flush(struct cache *cache);
