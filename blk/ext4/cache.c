/* SPDX-License-Identifier: MIT */
/*
 * The cache of blocks. A block is in at most one place: cached (then that is the truth, and dirty
 * if the disk does not have it yet), or on the disk alone. Evicting a dirty block writes it first.
 * The lock is held across that, but not across long reads, whose callers keep writers of those
 * blocks away.
 */
#include "blk/ext4/cache.h"

#include <stdlib.h>
#include <string.h>

#define DIRECT_BLOCKS 8U /* longer reads do not go through the cache */
#define RUN_BYTES     (64U * 1024) /* written at once when flushing */

void cache_init(struct cache *cache, struct block_device *dev, uint32_t block_size, size_t bytes)
{
	memset(cache, 0, sizeof(*cache));
	cache->dev = dev;
	cache->block_size = block_size;
	/* malloc takes about twice the size for an aligned piece. */
	cache->max = (unsigned int)MAX(bytes / (2 * block_size), (size_t)16);
	mutex_init(&cache->lock);
	list_init(&cache->lru);
}

static struct cached_block **bucket_of(struct cache *cache, uint64_t block)
{
	return &cache->bucket[(block ^ block >> 8) % CACHE_BUCKETS];
}

static struct cached_block *find(struct cache *cache, uint64_t block)
{
	struct cached_block *b = *bucket_of(cache, block);

	while (b && b->block != block)
		b = b->chain;
	return b;
}

static void unhash(struct cache *cache, struct cached_block *b)
{
	struct cached_block **at = bucket_of(cache, b->block);

	while (*at != b)
		at = &(*at)->chain;
	*at = b->chain;
}

static void touch(struct cache *cache, struct cached_block *b)
{
	list_remove(&b->lru);
	list_push_back(&cache->lru, &b->lru);
}

static void drop(struct cache *cache, struct cached_block *b)
{
	unhash(cache, b);
	list_remove(&b->lru);
	cache->dirty -= b->dirty;
	cache->used--;
	free(b->data);
	free(b);
}

static int write_back(struct cache *cache, struct cached_block *b)
{
	int err = block_rw(cache->dev, BLOCK_WRITE, b->block * cache->block_size, b->data,
			   cache->block_size);

	if (!err) {
		b->dirty = false;
		cache->dirty--;
	}
	return err;
}

/* A new entry, of no content yet, or the oldest one emptied. NULL: no memory, or the disk fails. */
static struct cached_block *take(struct cache *cache, uint64_t block)
{
	struct cached_block *b = NULL;

	if (cache->used < cache->max) {
		b = malloc(sizeof(*b));
		/*
		 * Aligned, so that no page border parts it and the disk reaches it without a copy.
		 */
		if (b && !(b->data = aligned_alloc(MIN(cache->block_size, (uint32_t)PAGE_SIZE),
						   cache->block_size))) {
			free(b);
			b = NULL;
		}
		if (b) {
			cache->used++;
			list_init(&b->lru);
		}
	}
	if (!b) {
		if (list_empty(&cache->lru))
			return NULL;
		b = container_of(cache->lru.next, struct cached_block, lru);
		if (b->dirty && write_back(cache, b))
			return NULL;
		unhash(cache, b);
	}
	b->block = block;
	b->dirty = false;
	b->chain = *bucket_of(cache, block);
	*bucket_of(cache, block) = b;
	touch(cache, b);
	return b;
}

static int read_one(struct cache *cache, uint64_t block, size_t offset, void *buf, size_t len)
{
	struct cached_block *b = find(cache, block);
	int err;

	if (b) {
		cache->hits++;
		touch(cache, b);
		memcpy(buf, b->data + offset, len);
		return 0;
	}
	cache->misses++;
	b = take(cache, block);
	if (!b)
		return -EIO;
	err = block_rw(cache->dev, BLOCK_READ, block * cache->block_size, b->data,
		       cache->block_size);
	if (err) {
		drop(cache, b);
		return err;
	}
	memcpy(buf, b->data + offset, len);
	return 0;
}

int cache_read_part(struct cache *cache, uint64_t block, size_t offset, void *buf, size_t len)
{
	int err;

	mutex_lock(&cache->lock);
	err = read_one(cache, block, offset, buf, len);
	mutex_unlock(&cache->lock);
	return err;
}

int cache_read(struct cache *cache, uint64_t block, unsigned int count, void *buf)
{
	int err = 0;

	mutex_lock(&cache->lock);
	if (count <= DIRECT_BLOCKS) {
		for (unsigned int i = 0; i < count && !err; i++)
			err = read_one(cache, block + i, 0,
				       (char *)buf + (size_t)i * cache->block_size,
				       cache->block_size);
		mutex_unlock(&cache->lock);
		return err;
	}
	for (unsigned int i = 0; cache->dirty && i < count && !err; i++) {
		struct cached_block *b = find(cache, block + i);

		if (b && b->dirty)
			err = write_back(cache, b);
	}
	mutex_unlock(&cache->lock);
	if (err)
		return err;
	return block_rw(cache->dev, BLOCK_READ, block * cache->block_size, buf,
			(size_t)count * cache->block_size);
}

static int compare(const void *a, const void *b)
{
	const struct cached_block *x = *(struct cached_block *const *)a;
	const struct cached_block *y = *(struct cached_block *const *)b;

	return x->block < y->block ? -1 : x->block > y->block;
}

/* Neighbouring dirty blocks go out as one write. */
static int write_run(struct cache *cache, struct cached_block **run, unsigned int count,
		     char *bounce)
{
	uint32_t size = cache->block_size;
	int err;

	for (unsigned int i = 0; i < count; i++)
		memcpy(bounce + (size_t)i * size, run[i]->data, size);
	err = block_rw(cache->dev, BLOCK_WRITE, run[0]->block * size, bounce, (size_t)count * size);
	for (unsigned int i = 0; i < count && !err; i++) {
		run[i]->dirty = false;
		cache->dirty--;
	}
	return err;
}

static int write_sorted(struct cache *cache, struct cached_block **all, unsigned int count)
{
	unsigned int per_run = RUN_BYTES / cache->block_size;
	char *bounce = aligned_alloc(PAGE_SIZE, RUN_BYTES);
	int err = 0;

	for (unsigned int i = 0, n; i < count && !err; i += n) {
		for (n = 1; n < per_run && i + n < count && all[i + n]->block == all[i]->block + n;)
			n++;
		if (bounce)
			err = write_run(cache, &all[i], n, bounce);
		else
			for (unsigned int k = 0; k < n && !err; k++)
				err = write_back(cache, all[i + k]);
	}
	free(bounce);
	return err;
}

static int write_dirty(struct cache *cache)
{
	struct cached_block **all = malloc(cache->dirty * sizeof(struct cached_block *));
	unsigned int count = 0;
	int err = 0;

	for (struct list *l = cache->lru.next; l != &cache->lru && !err; l = l->next) {
		struct cached_block *b = container_of(l, struct cached_block, lru);

		if (b->dirty && all)
			all[count++] = b;
		else if (b->dirty)
			err = write_back(cache, b);
	}
	if (all) {
		qsort(all, count, sizeof(struct cached_block *), compare);
		err = write_sorted(cache, all, count);
	}
	free(all);
	return err;
}

int cache_write(struct cache *cache, uint64_t block, unsigned int count, const void *buf)
{
	int err = 0;

	mutex_lock(&cache->lock);
	for (unsigned int i = 0; i < count && !err; i++) {
		struct cached_block *b = find(cache, block + i);

		if (b)
			touch(cache, b);
		else
			b = take(cache, block + i);
		if (!b) {
			err = -EIO;
			break;
		}
		memcpy(b->data, (const char *)buf + (size_t)i * cache->block_size,
		       cache->block_size);
		cache->dirty += !b->dirty;
		b->dirty = true;
	}
	if (!err && cache->dirty > cache->max / 2)
		err = write_dirty(cache);
	mutex_unlock(&cache->lock);
	return err;
}

void cache_forget(struct cache *cache, uint64_t block, uint64_t count)
{
	struct list *l, *next;

	mutex_lock(&cache->lock);
	for (l = cache->lru.next; l != &cache->lru; l = next) {
		struct cached_block *b = container_of(l, struct cached_block, lru);

		next = l->next;
		if (b->block - block < count)
			drop(cache, b);
	}
	mutex_unlock(&cache->lock);
}

int cache_flush(struct cache *cache)
{
	int err = 0;

	mutex_lock(&cache->lock);
	if (cache->dirty)
		err = write_dirty(cache);
	mutex_unlock(&cache->lock);
	return err ? err : block_flush(cache->dev);
}

void cache_free(struct cache *cache)
{
	cache_forget(cache, 0, UINT64_MAX);
}
