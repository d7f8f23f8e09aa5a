/* SPDX-License-Identifier: MIT */
/*
 * Directories, read as the bytes they are: the cookie is an offset in them, which stays good while
 * others add and remove names. The index blocks of a hashed directory look like empty entries.
 */
#include "blk/ext4/ext4.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_HEAD 8U /* inode, length, name length, type */

static const uint8_t dirent_type[EXT2_FT_MAX] = {
	[EXT2_FT_UNKNOWN] = DT_UNKNOWN, [EXT2_FT_REG_FILE] = DT_REG, [EXT2_FT_DIR] = DT_DIR,
	[EXT2_FT_CHRDEV] = DT_CHR,	[EXT2_FT_BLKDEV] = DT_BLK,   [EXT2_FT_FIFO] = DT_FIFO,
	[EXT2_FT_SOCK] = DT_SOCK,	[EXT2_FT_SYMLINK] = DT_LNK,
};

/* One entry at *pos of the block. 1: a name; 0: an unused place. *pos moves on; -EIO: nonsense. */
static int entry_at(const struct ext4_fs *fs, const char *block, size_t len, size_t *pos,
		    struct dirent *out)
{
	const struct ext2_dir_entry_2 *e = (const void *)(block + *pos);
	unsigned int rec_len;

	if (len - *pos < ENTRY_HEAD)
		return -EIO;
	if (ext2fs_get_rec_len(fs->fs, (struct ext2_dir_entry *)e, &rec_len) ||
	    rec_len < ENTRY_HEAD || rec_len % 4 || rec_len > len - *pos ||
	    ENTRY_HEAD + e->name_len > rec_len)
		return -EIO;
	*pos += rec_len;
	if (!e->inode || !e->name_len)
		return 0;
	out->d_ino = e->inode;
	out->d_type = e->file_type < EXT2_FT_MAX ? dirent_type[e->file_type] : DT_UNKNOWN;
	memcpy(out->d_name, e->name, e->name_len);
	out->d_name[e->name_len] = 0;
	return 1;
}

static int next_entry(struct ext4_inode *dir, uint64_t *cookie, char *block, struct dirent *out)
{
	size_t size = dir->fs->fs->blocksize, pos;
	ssize_t n;
	int found = 0;

	while (!found) {
		n = ext4_read(dir, block, size, *cookie - *cookie % size);
		if (n <= 0)
			return (int)n;
		pos = *cookie % size;
		while (!found && pos < (size_t)n)
			found = entry_at(dir->fs, block, (size_t)n, &pos, out);
		*cookie = *cookie - *cookie % size + pos;
	}
	return found;
}

static int dir_readdir(struct file *f, struct dirent *entry)
{
	struct ext4_inode *dir = f->data;
	struct ext4_fs *fs = dir->fs;
	uint64_t cookie = (uint64_t)f->pos;
	char *block = malloc(fs->fs->blocksize);
	int found = -ENOMEM;

	if (!block)
		return found;
	pthread_rwlock_rdlock(&fs->data);
	found = next_entry(dir, &cookie, block, entry);
	pthread_rwlock_unlock(&fs->data);
	free(block);
	f->pos = (off_t)cookie;
	return found;
}

static int dir_stat(struct file *f, struct stat *st)
{
	return ext4_file_ops.fstat(f, st);
}

static int dir_sync(struct file *f, bool data_only)
{
	return ext4_file_ops.sync(f, data_only);
}

static int dir_close(struct file *f)
{
	return ext4_file_ops.close(f);
}

const struct file_ops ext4_dir_ops = {
	.name = "ext4 directory",
	.fstat = dir_stat,
	.readdir = dir_readdir,
	.sync = dir_sync,
	.close = dir_close,
};
