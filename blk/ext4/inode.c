/* SPDX-License-Identifier: MIT */
/* Inodes: the table of open ones, creation, the end of the last name, and what stat shows. */
#include "blk/ext4/ext4.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

int ext4_errno(errcode_t err)
{
	if (err >= 0 && err < 256)
		return (int)-err;
	switch (err) {
	case EXT2_ET_FILE_NOT_FOUND:
		return -ENOENT;
	case EXT2_ET_NO_DIRECTORY:
		return -ENOTDIR;
	case EXT2_ET_DIR_EXISTS:
	case EXT2_ET_FILE_EXISTS:
		return -EEXIST;
	case EXT2_ET_BLOCK_ALLOC_FAIL:
	case EXT2_ET_INODE_ALLOC_FAIL:
	case EXT2_ET_DIR_NO_SPACE:
		return -ENOSPC;
	case EXT2_ET_NO_MEMORY:
		return -ENOMEM;
	case EXT2_ET_RO_FILSYS:
	case EXT2_ET_FILE_RO:
		return -EROFS;
	case EXT2_ET_SYMLINK_LOOP:
		return -ELOOP;
	case EXT2_ET_FILE_TOO_BIG:
		return -EFBIG;
	case EXT2_ET_INVALID_ARGUMENT:
		return -EINVAL;
	default:
		return -EIO;
	}
}

/* Open or kept. */
static struct ext4_inode *find(struct ext4_fs *fs, ext2_ino_t ino)
{
	struct ext4_inode *inode = fs->inodes;

	while (inode && inode->ino != ino)
		inode = inode->next;
	return inode;
}

static void link_first(struct ext4_fs *fs, struct ext4_inode *inode)
{
	inode->next = fs->inodes;
	fs->inodes = inode;
}

static void unlink_from(struct ext4_fs *fs, const struct ext4_inode *inode)
{
	struct ext4_inode **at = &fs->inodes;

	while (*at != inode)
		at = &(*at)->next;
	*at = inode->next;
}

/* Nobody has it open, and nobody should find it any more. */
static void drop_closed(struct ext4_fs *fs, struct ext4_inode *inode)
{
	fs->closed--;
	unlink_from(fs, inode);
	free(inode);
}

static void drop_oldest_closed(struct ext4_fs *fs)
{
	struct ext4_inode *oldest = NULL;

	for (struct ext4_inode *inode = fs->inodes; inode; inode = inode->next)
		if (!inode->opens)
			oldest = inode;
	drop_closed(fs, oldest);
}

int ext4_inode_open(struct ext4_fs *fs, ext2_ino_t ino, struct ext4_inode **out)
{
	struct ext4_inode *inode = find(fs, ino);
	int err;

	if (!inode) {
		inode = calloc(1, sizeof(*inode));
		if (!inode)
			return -ENOMEM;
		inode->fs = fs;
		inode->ino = ino;
		err = ext4_errno(ext2fs_read_inode(fs->fs, ino, &inode->disk));
		if (err) {
			free(inode);
			return err;
		}
	} else {
		fs->closed -= !inode->opens;
		unlink_from(fs, inode);
	}
	link_first(fs, inode);
	inode->opens++;
	*out = inode;
	return 0;
}

/* Blocks and number go back. Its directory entry is gone already. */
static int inode_release(struct ext4_fs *fs, ext2_ino_t ino, struct ext2_inode *disk)
{
	errcode_t err = 0;

	if (ext2fs_inode_has_valid_blocks2(fs->fs, disk))
		err = ext2fs_punch(fs->fs, ino, disk, NULL, 0, ~0ULL);
	disk->i_links_count = 0;
	disk->i_dtime = (uint32_t)time(NULL);
	if (!err)
		err = ext2fs_write_inode(fs->fs, ino, disk);
	if (!err)
		ext2fs_inode_alloc_stats2(fs->fs, ino, -1, LINUX_S_ISDIR(disk->i_mode));
	return ext4_errno(err);
}

void ext4_inode_close(struct ext4_fs *fs, struct ext4_inode *inode)
{
	if (--inode->opens)
		return;
	fs->closed++;
	if (inode->orphan) {
		inode_release(fs, inode->ino, &inode->disk);
		drop_closed(fs, inode);
	} else if (fs->closed > EXT4_CLOSED) {
		drop_oldest_closed(fs);
	}
}

int ext4_inode_read(struct ext4_fs *fs, ext2_ino_t ino, struct ext2_inode *disk)
{
	struct ext4_inode *inode = find(fs, ino);

	if (!inode)
		return ext4_errno(ext2fs_read_inode(fs->fs, ino, disk));
	*disk = inode->disk;
	return 0;
}

int ext4_inode_write(struct ext4_fs *fs, ext2_ino_t ino, const struct ext2_inode *disk)
{
	struct ext4_inode *inode = find(fs, ino);

	if (inode)
		inode->disk = *disk;
	return ext4_errno(ext2fs_write_inode(fs->fs, ino, (struct ext2_inode *)disk));
}

void ext4_inode_reload(struct ext4_fs *fs, ext2_ino_t ino)
{
	struct ext4_inode *inode = find(fs, ino);

	if (!inode)
		return;
	ext2fs_read_inode(fs->fs, ino, &inode->disk);
	inode->extent.e_len = 0;
}

int ext4_inode_create(struct ext4_fs *fs, ext2_ino_t dir, mode_t mode, ext2_ino_t *ino)
{
	struct ext2_inode disk = {
		.i_mode = (uint16_t)mode,
		.i_links_count = 1,
		.i_atime = (uint32_t)time(NULL),
	};
	ext2_extent_handle_t handle;
	errcode_t err = ext2fs_new_inode(fs->fs, dir, mode, NULL, ino);

	if (err)
		return ext4_errno(err);
	disk.i_ctime = disk.i_mtime = disk.i_atime;
	ext2fs_inode_alloc_stats2(fs->fs, *ino, 1, 0);
	if (LINUX_S_ISREG(mode) && ext2fs_has_feature_extents(fs->fs->super)) {
		/* Opening the extents of an inode without any makes an empty tree in it. */
		disk.i_flags |= EXT4_EXTENTS_FL;
		err = ext2fs_extent_open2(fs->fs, *ino, &disk, &handle);
		if (!err)
			ext2fs_extent_free(handle);
	}
	if (!err)
		err = ext2fs_write_new_inode(fs->fs, *ino, &disk);
	if (err)
		ext2fs_inode_alloc_stats2(fs->fs, *ino, -1, 0);
	return ext4_errno(err);
}

int ext4_inode_unref(struct ext4_fs *fs, ext2_ino_t ino)
{
	struct ext4_inode *open = find(fs, ino);
	struct ext2_inode disk;
	int err = ext4_inode_read(fs, ino, &disk);

	if (err)
		return err;
	/* A directory has two: its name and its own "." */
	if (disk.i_links_count > 1 && !LINUX_S_ISDIR(disk.i_mode)) {
		disk.i_links_count--;
		disk.i_ctime = (uint32_t)time(NULL);
		return ext4_inode_write(fs, ino, &disk);
	}
	if (open && !open->opens) {
		drop_closed(fs, open);
		open = NULL;
	}
	if (!open)
		return inode_release(fs, ino, &disk);
	open->orphan = true;
	disk.i_links_count = 0;
	return ext4_inode_write(fs, ino, &disk);
}

void ext4_inode_stat(const struct ext4_fs *fs, ext2_ino_t ino, const struct ext2_inode *disk,
		     struct stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_ino = ino;
	st->st_mode = disk->i_mode;
	st->st_nlink = disk->i_links_count;
	st->st_uid = inode_uid(*disk);
	st->st_gid = inode_gid(*disk);
	st->st_size = (off_t)EXT2_I_SIZE(disk);
	st->st_blksize = (blksize_t)fs->fs->blocksize;
	st->st_blocks = (blkcnt_t)ext2fs_inode_i_blocks(fs->fs, (struct ext2_inode *)disk);
	st->st_atime = disk->i_atime;
	st->st_mtime = disk->i_mtime;
	st->st_ctime = disk->i_ctime;
}
