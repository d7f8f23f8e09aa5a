/* SPDX-License-Identifier: MIT */
/* libext2fs's io_manager over a block device and its cache. The channel's name is the device's. */
#include "blk/ext4/ext4.h"

#include <stdlib.h>
#include <string.h>

#include "guest/page.h"
#include "lib/types.h"

static struct cache *cache_of(io_channel channel)
{
	return channel->private_data;
}

/* An eighth of what is free, but not more than pays off. */
static size_t cache_bytes(void)
{
	return MIN(page_free_count() * PAGE_SIZE / 8, (size_t)32 << 20);
}

static errcode_t io_open(const char *name, int flags, io_channel *channel)
{
	struct block_device *dev = block_find(name);
	io_channel io = calloc(1, sizeof(*io));
	struct cache *cache = malloc(sizeof(*cache));

	(void)flags;
	if (!dev || !io || !cache) {
		free(io);
		free(cache);
		return dev ? ENOMEM : ENODEV;
	}
	cache_init(cache, dev, EXT4_FIRST_BLOCK, cache_bytes());
	io->magic = EXT2_ET_MAGIC_IO_CHANNEL;
	io->manager = &ext4_io_manager;
	io->name = strdup(name);
	io->block_size = EXT4_FIRST_BLOCK;
	io->refcount = 1;
	io->private_data = cache;
	io->flags = CHANNEL_FLAGS_BLOCK_DEVICE;
	*channel = io;
	return 0;
}

static errcode_t io_flush(io_channel channel)
{
	return (errcode_t)-cache_flush(cache_of(channel));
}

static errcode_t io_close(io_channel channel)
{
	errcode_t err;

	if (--channel->refcount > 0)
		return 0;
	err = io_flush(channel);
	cache_free(cache_of(channel));
	free(cache_of(channel));
	free(channel->name);
	free(channel);
	return err;
}

static errcode_t io_set_blksize(io_channel channel, int size)
{
	struct cache *cache = cache_of(channel);
	struct block_device *dev = cache->dev;

	if (size == channel->block_size)
		return 0;
	if (size < (int)dev->block_size || size > 65536)
		return EXT2_ET_UNEXPECTED_BLOCK_SIZE;
	errcode_t err = io_flush(channel);

	if (err)
		return err;
	cache_free(cache);
	cache_init(cache, dev, (uint32_t)size, cache_bytes());
	channel->block_size = size;
	return 0;
}

/*
 * A negative count is a length in bytes: of whole blocks at the start of libext2fs's life, of parts
 * (the superblock within a larger block) afterwards.
 */
static errcode_t rw_bytes(io_channel channel, uint64_t block, size_t bytes, void *buf, bool write)
{
	struct cache *cache = cache_of(channel);
	size_t size = cache->block_size;
	char *whole = malloc(size);
	int err = whole ? 0 : -ENOMEM;

	for (size_t done = 0; done < bytes && !err; done += size, block++) {
		size_t n = MIN(size, bytes - done);

		err = cache_read(cache, block, 1, whole);
		if (err)
			break;
		if (write) {
			memcpy(whole, (char *)buf + done, n);
			err = cache_write(cache, block, 1, whole);
		} else {
			memcpy((char *)buf + done, whole, n);
		}
	}
	free(whole);
	return (errcode_t)-err;
}

static errcode_t io_read64(io_channel channel, unsigned long long block, int count, void *buf)
{
	if (count < 0)
		return rw_bytes(channel, block, (size_t)-(long)count, buf, false);
	return (errcode_t)-cache_read(cache_of(channel), block, (unsigned int)count, buf);
}

static errcode_t io_write64(io_channel channel, unsigned long long block, int count,
			    const void *buf)
{
	if (count < 0)
		return rw_bytes(channel, block, (size_t)-(long)count, (void *)buf, true);
	return (errcode_t)-cache_write(cache_of(channel), block, (unsigned int)count, buf);
}

static errcode_t io_read(io_channel channel, unsigned long block, int count, void *buf)
{
	return io_read64(channel, block, count, buf);
}

static errcode_t io_write(io_channel channel, unsigned long block, int count, const void *buf)
{
	return io_write64(channel, block, count, buf);
}

static errcode_t io_write_byte(io_channel channel, unsigned long offset, int count, const void *buf)
{
	struct cache *cache = cache_of(channel);
	size_t size = cache->block_size, within = offset % size;
	char *whole = malloc(size);
	int err = whole ? 0 : -ENOMEM;

	if (count < 0 || within + (size_t)count > size)
		err = -EINVAL;
	if (!err)
		err = cache_read(cache, offset / size, 1, whole);
	if (!err) {
		memcpy(whole + within, buf, (size_t)count);
		err = cache_write(cache, offset / size, 1, whole);
	}
	free(whole);
	return (errcode_t)-err;
}

static errcode_t io_discard(io_channel channel, unsigned long long block, unsigned long long count)
{
	struct cache *cache = cache_of(channel);

	if (!cache->dev->can_discard)
		return EXT2_ET_UNIMPLEMENTED;
	cache_forget(cache, block, count);
	return (errcode_t)-block_discard(cache->dev, block * cache->block_size,
					 count * cache->block_size);
}

struct struct_io_manager ext4_io_manager = {
	.magic = EXT2_ET_MAGIC_IO_MANAGER,
	.name = "block device",
	.open = io_open,
	.close = io_close,
	.set_blksize = io_set_blksize,
	.read_blk = io_read,
	.write_blk = io_write,
	.read_blk64 = io_read64,
	.write_blk64 = io_write64,
	.write_byte = io_write_byte,
	.flush = io_flush,
	.discard = io_discard,
};
