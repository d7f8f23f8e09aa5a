/* SPDX-License-Identifier: MIT */
/* Renaming: the new name comes first, so that a failure leaves the file with at least one. */
#include "blk/ext4/names.h"

#include <string.h>

/*
 * Whether `dir` is `ino` or lies below it: a directory cannot move into itself. On a damaged disk
 * the ".." may form a ring, which is longer than there are inodes.
 */
static int is_below(struct ext4_fs *fs, ext2_ino_t dir, ext2_ino_t ino)
{
	uint32_t left = fs->fs->super->s_inodes_count;

	while (dir != ino && dir != EXT2_ROOT_INO) {
		int err = left-- ? ext4_child(fs, dir, "..", &dir) : -EIO;

		if (err)
			return err;
	}
	return dir == ino;
}

static int set_parent(ext2_ino_t dir, int entry, struct ext2_dir_entry *dirent, int offset,
		      int blocksize, char *buf, void *arg)
{
	(void)dir, (void)offset, (void)blocksize, (void)buf;
	if (entry != DIRENT_DOT_DOT_FILE)
		return 0;
	dirent->inode = *(ext2_ino_t *)arg;
	return DIRENT_CHANGED | DIRENT_ABORT;
}

/* A directory has changed its parent: its "..", and the parents' counts. */
static int move_parent(struct ext4_fs *fs, ext2_ino_t ino, ext2_ino_t from, ext2_ino_t to)
{
	int err = ext4_errno(ext2fs_dir_iterate2(fs->fs, ino, DIRENT_FLAG_INCLUDE_EMPTY, NULL,
						 set_parent, &to));

	if (!err)
		err = ext4_parent_links(fs, from, -1);
	return err ? err : ext4_parent_links(fs, to, 1);
}

struct place {
	ext2_ino_t dir;
	const char *name;
};

static int move(struct ext4_fs *fs, const struct place *from, const struct place *to)
{
	struct ext2_inode disk;
	ext2_ino_t ino, taken;
	bool directory;
	int err = ext4_child(fs, from->dir, from->name, &ino);

	if (!err)
		err = ext4_inode_read(fs, ino, &disk);
	if (err)
		return err;
	directory = LINUX_S_ISDIR(disk.i_mode);
	if (directory && (err = is_below(fs, to->dir, ino)))
		return err < 0 ? err : -EINVAL;
	if (!ext4_child(fs, to->dir, to->name, &taken)) {
		if (taken == ino)
			return 0;
		err = ext4_remove_entry(fs, to->dir, to->name, directory);
		if (err)
			return err;
	}
	err = ext4_add_name(fs, to->dir, to->name, ino, disk.i_mode);
	if (!err)
		err = ext4_remove_name(fs, from->dir, from->name);
	if (!err && directory && from->dir != to->dir)
		err = move_parent(fs, ino, from->dir, to->dir);
	return err;
}

int ext4_rename(void *arg, const char *from_path, const char *to_path)
{
	struct ext4_fs *fs = arg;
	struct place from, to;
	int err;

	ext4_begin(fs);
	err = ext4_lookup_parent(fs, from_path, &from.dir, &from.name);
	if (!err)
		err = ext4_lookup_parent(fs, to_path, &to.dir, &to.name);
	if (!err)
		err = move(fs, &from, &to);
	ext4_end(fs);
	return err == -EEXIST ? -EBUSY : err;
}
