/* SPDX-License-Identifier: MIT */
/* Names: looking them up, and every operation that adds or removes one but rename. */
#include "blk/ext4/names.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- Looking up ------------------------------------------------------------------------------ */

/* Under lib. */
int ext4_lookup(struct ext4_fs *fs, const char *path, bool follow, ext2_ino_t *ino)
{
	errcode_t err;

	if (!*path) {
		*ino = EXT2_ROOT_INO;
		return 0;
	}
	*ino = ext4_known_find(fs, path, follow);
	if (*ino)
		return 0;
	err = follow ? ext2fs_namei_follow(fs->fs, EXT2_ROOT_INO, EXT2_ROOT_INO, path, ino) :
		       ext2fs_namei(fs->fs, EXT2_ROOT_INO, EXT2_ROOT_INO, path, ino);
	if (!err)
		ext4_known_add(fs, path, follow, *ino);
	return ext4_errno(err);
}

/* The directory that holds the last component, and that component. Under lib. */
int ext4_lookup_parent(struct ext4_fs *fs, const char *path, ext2_ino_t *dir, const char **name)
{
	const char *slash = strrchr(path, '/');
	char *head;
	int err;

	*name = slash ? slash + 1 : path;
	if (!**name)
		return -EEXIST; /* the root itself */
	if (strlen(*name) > EXT4_NAME_MAX)
		return -ENAMETOOLONG;
	if (!slash) {
		*dir = EXT2_ROOT_INO;
		return 0;
	}
	head = strndup(path, (size_t)(slash - path));
	if (!head)
		return -ENOMEM;
	err = ext4_lookup(fs, head, true, dir);
	free(head);
	if (!err)
		err = ext4_errno(ext2fs_check_directory(fs->fs, *dir));
	return err;
}

int ext4_child(struct ext4_fs *fs, ext2_ino_t dir, const char *name, ext2_ino_t *ino)
{
	return ext4_errno(ext2fs_lookup(fs->fs, dir, name, (int)strlen(name), NULL, ino));
}

static int entry_type(mode_t mode)
{
	if (S_ISDIR(mode))
		return EXT2_FT_DIR;
	return S_ISLNK(mode) ? EXT2_FT_SYMLINK : EXT2_FT_REG_FILE;
}

/* A directory changed: its time, and what an open of it shows. */
static void touch_dir(struct ext4_fs *fs, ext2_ino_t dir)
{
	struct ext2_inode disk;

	ext4_known_forget(fs);
	if (ext2fs_read_inode(fs->fs, dir, &disk))
		return;
	disk.i_mtime = disk.i_ctime = (uint32_t)time(NULL);
	ext2fs_write_inode(fs->fs, dir, &disk);
	ext4_inode_reload(fs, dir);
}

int ext4_add_name(struct ext4_fs *fs, ext2_ino_t dir, const char *name, ext2_ino_t ino, mode_t mode)
{
	errcode_t err = ext2fs_link(fs->fs, dir, name, ino, entry_type(mode));

	if (err == EXT2_ET_DIR_NO_SPACE) {
		err = ext2fs_expand_dir(fs->fs, dir);
		if (!err)
			err = ext2fs_link(fs->fs, dir, name, ino, entry_type(mode));
	}
	touch_dir(fs, dir);
	return ext4_errno(err);
}

int ext4_remove_name(struct ext4_fs *fs, ext2_ino_t dir, const char *name)
{
	int err = ext4_errno(ext2fs_unlink(fs->fs, dir, name, 0, 0));

	touch_dir(fs, dir);
	return err;
}

/* --- Changing -------------------------------------------------------------------------------- */

int ext4_mkdir(void *arg, const char *path, mode_t mode)
{
	struct ext4_fs *fs = arg;
	struct ext2_inode disk;
	ext2_ino_t dir, ino;
	const char *name;
	int err;

	ext4_begin(fs);
	err = ext4_lookup_parent(fs, path, &dir, &name);
	if (!err && !ext4_child(fs, dir, name, &ino))
		err = -EEXIST;
	if (!err) {
		errcode_t e = ext2fs_mkdir(fs->fs, dir, 0, name);

		if (e == EXT2_ET_DIR_NO_SPACE && !(e = ext2fs_expand_dir(fs->fs, dir)))
			e = ext2fs_mkdir(fs->fs, dir, 0, name);
		err = ext4_errno(e);
	}
	if (!err)
		err = ext4_child(fs, dir, name, &ino);
	if (!err)
		err = ext4_errno(ext2fs_read_inode(fs->fs, ino, &disk));
	if (!err) {
		disk.i_mode = LINUX_S_IFDIR | (mode & 07777);
		err = ext4_errno(ext2fs_write_inode(fs->fs, ino, &disk));
	}
	touch_dir(fs, dir);
	ext4_end(fs);
	return err;
}

static int count_entry(ext2_ino_t dir, int entry, struct ext2_dir_entry *dirent, int offset,
		       int blocksize, char *buf, void *arg)
{
	(void)dir, (void)dirent, (void)offset, (void)blocksize, (void)buf;
	if (entry == DIRENT_OTHER_FILE)
		++*(unsigned int *)arg;
	return 0;
}

/* The parent's count of ".." entries that point at it. */
int ext4_parent_links(struct ext4_fs *fs, ext2_ino_t dir, int change)
{
	struct ext2_inode disk;
	int err = ext4_errno(ext2fs_read_inode(fs->fs, dir, &disk));

	/* One link means "not counted": more directories than the field holds. */
	if (err || disk.i_links_count <= 1)
		return err;
	disk.i_links_count = (uint16_t)(disk.i_links_count + change);
	return ext4_inode_write(fs, dir, &disk);
}

/* Remove a name that is, or must be, a directory or not. Under both locks. */
int ext4_remove_entry(struct ext4_fs *fs, ext2_ino_t dir, const char *name, bool directory)
{
	unsigned int entries = 0;
	struct ext2_inode disk;
	ext2_ino_t ino;
	int err = ext4_child(fs, dir, name, &ino);

	if (!err)
		err = ext4_inode_read(fs, ino, &disk);
	if (err)
		return err;
	if (LINUX_S_ISDIR(disk.i_mode) != directory)
		return directory ? -ENOTDIR : -EISDIR;
	if (directory) {
		err = ext4_errno(ext2fs_dir_iterate2(fs->fs, ino, 0, NULL, count_entry, &entries));
		if (err || entries)
			return err ? err : -ENOTEMPTY;
	}
	err = ext4_remove_name(fs, dir, name);
	if (!err && directory)
		err = ext4_parent_links(fs, dir, -1);
	return err ? err : ext4_inode_unref(fs, ino);
}

static int remove_path(struct ext4_fs *fs, const char *path, bool directory)
{
	const char *name;
	ext2_ino_t dir;
	int err;

	ext4_begin(fs);
	err = ext4_lookup_parent(fs, path, &dir, &name);
	if (!err)
		err = ext4_remove_entry(fs, dir, name, directory);
	ext4_end(fs);
	return err == -EEXIST ? -EBUSY : err;
}

int ext4_unlink(void *arg, const char *path)
{
	return remove_path(arg, path, false);
}

int ext4_rmdir(void *arg, const char *path)
{
	return remove_path(arg, path, true);
}

int ext4_link(void *arg, const char *from, const char *to)
{
	struct ext4_fs *fs = arg;
	struct ext2_inode disk;
	ext2_ino_t ino, dir, taken;
	const char *name;
	int err;

	ext4_begin(fs);
	err = ext4_lookup(fs, from, false, &ino);
	if (!err)
		err = ext4_inode_read(fs, ino, &disk);
	if (!err && LINUX_S_ISDIR(disk.i_mode))
		err = -EPERM;
	if (!err)
		err = ext4_lookup_parent(fs, to, &dir, &name);
	if (!err && !ext4_child(fs, dir, name, &taken))
		err = -EEXIST;
	if (!err && disk.i_links_count >= EXT2_LINK_MAX)
		err = -EMLINK;
	if (!err)
		err = ext4_add_name(fs, dir, name, ino, disk.i_mode);
	if (!err) {
		disk.i_links_count++;
		disk.i_ctime = (uint32_t)time(NULL);
		err = ext4_inode_write(fs, ino, &disk);
	}
	ext4_end(fs);
	return err;
}

int ext4_symlink(void *arg, const char *target, const char *path)
{
	struct ext4_fs *fs = arg;
	ext2_ino_t dir, taken;
	const char *name;
	int err;

	ext4_begin(fs);
	err = ext4_lookup_parent(fs, path, &dir, &name);
	if (!err && !ext4_child(fs, dir, name, &taken))
		err = -EEXIST;
	if (!err) {
		errcode_t e = ext2fs_symlink(fs->fs, dir, 0, name, target);

		if (e == EXT2_ET_DIR_NO_SPACE && !(e = ext2fs_expand_dir(fs->fs, dir)))
			e = ext2fs_symlink(fs->fs, dir, 0, name, target);
		err = ext4_errno(e);
		touch_dir(fs, dir);
	}
	ext4_end(fs);
	return err;
}
