/* SPDX-License-Identifier: MIT */
/*
 * Contents of files. Reading finds the extent under the lock of libext2fs and reads the disk
 * without it, so that many readers wait for the disk at once; small pieces come from the cache.
 * Writing is libext2fs's own, which allocates, under both locks.
 */
#include "blk/ext4/ext4.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A piece of a file that is contiguous on the disk; physical 0: a hole, or not yet written. */
struct run {
	uint64_t physical;
	uint64_t blocks;
};

static bool extent_has(const struct ext2fs_extent *extent, uint64_t block)
{
	return block >= extent->e_lblk && block - extent->e_lblk < extent->e_len;
}

/* The extent of a block into inode->extent; a hole becomes an extent of one block at 0. */
static int find_extent(struct ext4_fs *fs, struct ext4_inode *inode, uint64_t block)
{
	ext2_extent_handle_t handle;
	errcode_t err = ext2fs_extent_open2(fs->fs, inode->ino, &inode->disk, &handle);

	if (err)
		return ext4_errno(err);
	err = ext2fs_extent_goto(handle, block);
	if (!err)
		err = ext2fs_extent_get(handle, EXT2_EXTENT_CURRENT, &inode->extent);
	ext2fs_extent_free(handle);
	if (err && err != EXT2_ET_EXTENT_NOT_FOUND && err != EXT2_ET_NO_CURRENT_NODE)
		return ext4_errno(err);
	if (err || !extent_has(&inode->extent, block))
		inode->extent = (struct ext2fs_extent){ .e_lblk = block, .e_len = 1 };
	else if (inode->extent.e_flags & EXT2_EXTENT_FLAGS_UNINIT)
		inode->extent.e_pblk = 0;
	return 0;
}

/* Files of the old kind map block by block. */
static int find_mapped(struct ext4_fs *fs, struct ext4_inode *inode, uint64_t block, uint64_t max,
		       struct run *run)
{
	blk64_t at;

	for (run->blocks = 0; run->blocks < max; run->blocks++) {
		errcode_t err = ext2fs_bmap2(fs->fs, inode->ino, &inode->disk, NULL, 0,
					     block + run->blocks, NULL, &at);

		if (err)
			return ext4_errno(err);
		if (!run->blocks)
			run->physical = at;
		else if (run->physical ? at != run->physical + run->blocks : at != 0)
			break;
	}
	return 0;
}

static int find_run(struct ext4_fs *fs, struct ext4_inode *inode, uint64_t block, uint64_t max,
		    struct run *run)
{
	const struct ext2fs_extent *extent = &inode->extent;
	int err = 0;

	mutex_lock(&fs->lib);
	if (!(inode->disk.i_flags & EXT4_EXTENTS_FL)) {
		err = find_mapped(fs, inode, block, max, run);
	} else {
		if (!extent_has(extent, block))
			err = find_extent(fs, inode, block);
		if (!err) {
			uint64_t skip = block - extent->e_lblk;

			run->physical = extent->e_pblk ? extent->e_pblk + skip : 0;
			run->blocks = MIN(extent->e_len - skip, max);
		}
	}
	mutex_unlock(&fs->lib);
	return err;
}

static ssize_t read_some(struct ext4_fs *fs, struct ext4_inode *inode, char *buf, size_t len,
			 uint64_t pos)
{
	size_t size = fs->fs->blocksize, offset = pos % size;
	bool whole = !offset && len >= size;
	struct run run = { 0 };
	int err = find_run(fs, inode, pos / size, whole ? len / size : 1, &run);

	if (err)
		return err;
	if (!whole)
		len = MIN(len, size - offset);
	else
		len = run.blocks * size;
	if (!run.physical)
		memset(buf, 0, len);
	else if (whole)
		err = cache_read(fs->cache, run.physical, (unsigned int)run.blocks, buf);
	else
		err = cache_read_part(fs->cache, run.physical, offset, buf, len);
	return err ? err : (ssize_t)len;
}

ssize_t ext4_read(struct ext4_inode *inode, void *buf, size_t len, uint64_t pos)
{
	uint64_t size = EXT2_I_SIZE(&inode->disk);
	size_t done = 0;
	ssize_t n = 0;

	len = pos < size ? MIN((uint64_t)len, size - pos) : 0;
	while (done < len) {
		n = read_some(inode->fs, inode, (char *)buf + done, len - done, pos + done);
		if (n < 0)
			break;
		done += (size_t)n;
	}
	return done || n >= 0 ? (ssize_t)done : n;
}

static ssize_t file_pread(struct file *f, void *buf, size_t len, off_t pos)
{
	struct ext4_inode *inode = f->data;
	ssize_t n;

	pthread_rwlock_rdlock(&inode->fs->data);
	n = ext4_read(inode, buf, len, (uint64_t)pos);
	pthread_rwlock_unlock(&inode->fs->data);
	return n;
}

/* libext2fs's own file over an inode, for one change of it. */
static errcode_t with_file(struct ext4_fs *fs, ext2_ino_t ino, struct ext2_inode *disk,
			   errcode_t (*change)(ext2_file_t file, void *arg), void *arg)
{
	ext2_file_t file;
	errcode_t err = ext2fs_file_open2(fs->fs, ino, disk, EXT2_FILE_WRITE, &file), err2;

	if (err)
		return err;
	err = change(file, arg);
	err2 = ext2fs_file_close(file);
	return err ? err : err2;
}

struct write {
	uint64_t pos;
	const char *buf;
	size_t len, done;
};

static errcode_t change_write(ext2_file_t file, void *arg)
{
	struct write *w = arg;
	errcode_t err = ext2fs_file_llseek(file, w->pos, EXT2_SEEK_SET, NULL);

	while (!err && w->done < w->len) {
		unsigned int n = 0;

		err = ext2fs_file_write(file, w->buf + w->done,
					(unsigned int)MIN(w->len - w->done, (size_t)1 << 20), &n);
		w->done += n;
	}
	return err;
}

static errcode_t change_size(ext2_file_t file, void *arg)
{
	return ext2fs_file_set_size2(file, (ext2_off64_t) * (uint64_t *)arg);
}

/* Times, and the open inode follows what libext2fs wrote. Returns the disk's error or `err`. */
static int changed(struct ext4_fs *fs, ext2_ino_t ino, errcode_t err)
{
	struct ext2_inode disk;
	errcode_t err2 = ext2fs_read_inode(fs->fs, ino, &disk);

	if (!err2) {
		disk.i_mtime = disk.i_ctime = (uint32_t)time(NULL);
		err2 = ext2fs_write_inode(fs->fs, ino, &disk);
	}
	ext4_inode_reload(fs, ino);
	return ext4_errno(err ? err : err2);
}

static ssize_t file_pwrite(struct file *f, const void *buf, size_t len, off_t pos)
{
	struct ext4_inode *inode = f->data;
	struct ext4_fs *fs = inode->fs;
	struct write w = { .pos = (uint64_t)pos, .buf = buf, .len = len };
	struct ext2_inode disk;
	int err;

	ext4_begin(fs);
	disk = inode->disk;
	err = changed(fs, inode->ino, with_file(fs, inode->ino, &disk, change_write, &w));
	ext4_end(fs);
	return w.done ? (ssize_t)w.done : err;
}

int ext4_truncate(struct ext4_fs *fs, ext2_ino_t ino, uint64_t size)
{
	struct ext2_inode disk;
	int err = ext4_inode_read(fs, ino, &disk);

	if (err)
		return err;
	if (!LINUX_S_ISREG(disk.i_mode))
		return LINUX_S_ISDIR(disk.i_mode) ? -EISDIR : -EINVAL;
	if (EXT2_I_SIZE(&disk) == size)
		return 0;
	return changed(fs, ino, with_file(fs, ino, &disk, change_size, &size));
}

static int file_truncate(struct file *f, off_t len)
{
	struct ext4_inode *inode = f->data;
	struct ext4_fs *fs = inode->fs;
	int err;

	ext4_begin(fs);
	err = ext4_truncate(fs, inode->ino, (uint64_t)len);
	ext4_end(fs);
	return err;
}

static off_t file_size(struct file *f)
{
	struct ext4_inode *inode = f->data;

	return (off_t)EXT2_I_SIZE(&inode->disk);
}

static int file_stat(struct file *f, struct stat *st)
{
	struct ext4_inode *inode = f->data;
	struct ext4_fs *fs = inode->fs;

	mutex_lock(&fs->lib);
	ext4_inode_stat(fs, inode->ino, &inode->disk, st);
	mutex_unlock(&fs->lib);
	return 0;
}

static int file_sync(struct file *f, bool data_only)
{
	struct ext4_inode *inode = f->data;

	(void)data_only;
	return ext4_sync(inode->fs);
}

static int file_close_last(struct file *f)
{
	struct ext4_inode *inode = f->data;
	struct ext4_fs *fs = inode->fs;
	bool ends;

	mutex_lock(&fs->lib);
	ends = inode->orphan && inode->opens == 1;
	if (!ends)
		ext4_inode_close(fs, inode);
	mutex_unlock(&fs->lib);
	if (!ends)
		return 0;
	/* Nobody can open it between the locks: it has no name. */
	ext4_begin(fs);
	ext4_inode_close(fs, inode);
	ext4_end(fs);
	return 0;
}

const struct file_ops ext4_file_ops = {
	.name = "ext4 file",
	.pread = file_pread,
	.pwrite = file_pwrite,
	.size = file_size,
	.fstat = file_stat,
	.truncate = file_truncate,
	.sync = file_sync,
	.close = file_close_last,
};
