/* SPDX-License-Identifier: MIT */
/*
 * A block device as a file: any position and length, by reading and changing the blocks at its
 * edges. Writers of parts of one block are serialised, others are not.
 */
#include "blk/blockfile.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "blk/block.h"
#include "guest/file.h"
#include "guest/lock.h"
#include "guest/page.h"

static MUTEX(edge_lock); /* read-modify-write of a block that is written in part */

static size_t clip(const struct block_device *dev, size_t len, off_t pos)
{
	uint64_t size = dev->sectors << SECTOR_SHIFT;

	return (uint64_t)pos >= size ? 0 : MIN((uint64_t)len, size - (uint64_t)pos);
}

/* The part of one block, through a page: block_size is at most a page. */
static int edge_rw(struct block_device *dev, enum block_op op, uint64_t pos, char *buf, size_t len)
{
	uint64_t start = ROUND_DOWN(pos, (uint64_t)dev->block_size);
	char *page = page_alloc(0);
	int err;

	if (!page)
		return -ENOMEM;
	mutex_lock(&edge_lock);
	err = block_rw(dev, BLOCK_READ, start, page, dev->block_size);
	if (!err && op == BLOCK_READ) {
		memcpy(buf, page + (pos - start), len);
	} else if (!err) {
		memcpy(page + (pos - start), buf, len);
		err = block_rw(dev, BLOCK_WRITE, start, page, dev->block_size);
	}
	mutex_unlock(&edge_lock);
	page_free(page, 0);
	return err;
}

static ssize_t file_rw(struct file *f, enum block_op op, char *buf, size_t len, off_t pos)
{
	struct block_device *dev = f->data;
	uint64_t at = (uint64_t)pos, mask = dev->block_size - 1;
	size_t left = clip(dev, len, pos), total = left;
	int err = 0;

	while (left && !err) {
		size_t n = left & ~mask;

		if ((at & mask) || !n) {
			n = MIN(left, dev->block_size - (at & mask));
			err = edge_rw(dev, op, at, buf, n);
		} else {
			err = block_rw(dev, op, at, buf, n);
		}
		at += n;
		buf += n;
		left -= n;
	}
	return err ? err : (ssize_t)total;
}

static ssize_t blockfile_pread(struct file *f, void *buf, size_t len, off_t pos)
{
	return file_rw(f, BLOCK_READ, buf, len, pos);
}

static ssize_t blockfile_pwrite(struct file *f, const void *buf, size_t len, off_t pos)
{
	ssize_t n = file_rw(f, BLOCK_WRITE, (char *)buf, len, pos);

	return n || !len ? n : -ENOSPC;
}

static off_t blockfile_size(struct file *f)
{
	struct block_device *dev = f->data;

	return (off_t)(dev->sectors << SECTOR_SHIFT);
}

static int blockfile_stat(struct file *f, struct stat *st)
{
	struct block_device *dev = f->data;

	*st = (struct stat){
		.st_mode = S_IFBLK | (dev->readonly ? 0444 : 0666),
		.st_nlink = 1,
		.st_size = blockfile_size(f),
		.st_blksize = dev->block_size,
	};
	return 0;
}

static int blockfile_sync(struct file *f, bool data_only)
{
	(void)data_only;
	return block_flush(f->data);
}

static const struct file_ops blockfile_ops = {
	.name = "block device",
	.pread = blockfile_pread,
	.pwrite = blockfile_pwrite,
	.size = blockfile_size,
	.fstat = blockfile_stat,
	.sync = blockfile_sync,
};

static int blockfile_open(struct device_file *dev, struct file *f)
{
	struct block_device *block = dev->arg;

	if (block->readonly && (f->flags & O_ACCMODE) != O_RDONLY)
		return -EROFS;
	f->ops = &blockfile_ops;
	f->data = block;
	return 0;
}

void blockfile_register(struct block_device *dev)
{
	struct device_file *file = calloc(1, sizeof(*file));

	if (!file)
		return;
	*file = (struct device_file){
		.name = dev->name,
		.open = blockfile_open,
		.mode = S_IFBLK | 0666,
		.arg = dev,
	};
	device_file_register(file);
}
