/* SPDX-License-Identifier: MIT */
/* Opening files, what they are, and the table of a mounted ext4's operations. */
#include "blk/ext4/names.h"

#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

/* --- Opening --------------------------------------------------------------------------------- */

static int create_file(struct ext4_fs *fs, const char *path, mode_t mode, ext2_ino_t *ino)
{
	const char *name;
	ext2_ino_t dir;
	int err;

	if (fs->readonly)
		return -EROFS;
	err = ext4_lookup_parent(fs, path, &dir, &name);
	if (!err)
		err = ext4_inode_create(fs, dir, LINUX_S_IFREG | (mode & 07777), ino);
	if (err)
		return err;
	err = ext4_add_name(fs, dir, name, *ino, S_IFREG);
	if (err)
		ext4_inode_unref(fs, *ino);
	return err;
}

static int open_inode(struct ext4_fs *fs, ext2_ino_t ino, int flags, struct file *f)
{
	bool write = (flags & O_ACCMODE) != O_RDONLY;
	struct ext4_inode *inode;
	int err;

	if (write && fs->readonly)
		return -EROFS;
	err = ext4_inode_open(fs, ino, &inode);
	if (err)
		return err;
	if (LINUX_S_ISDIR(inode->disk.i_mode))
		err = write ? -EISDIR : 0;
	else if (flags & O_DIRECTORY)
		err = -ENOTDIR;
	else if (!LINUX_S_ISREG(inode->disk.i_mode))
		err = -ENXIO;
	else if (write && flags & O_TRUNC)
		err = ext4_truncate(fs, ino, 0);
	if (err) {
		ext4_inode_close(fs, inode);
		return err;
	}
	f->ops = LINUX_S_ISDIR(inode->disk.i_mode) ? &ext4_dir_ops : &ext4_file_ops;
	f->data = inode;
	f->ino = ino;
	return 0;
}

static int ext4_open(void *arg, const char *path, int flags, mode_t mode, struct file *f)
{
	struct ext4_fs *fs = arg;
	bool change = flags & (O_CREAT | O_TRUNC);
	ext2_ino_t ino;
	int err;

	/* Most opens only read: they do not wait for readers. */
	if (change)
		pthread_rwlock_wrlock(&fs->data);
	mutex_lock(&fs->lib);
	err = ext4_lookup(fs, path, !(flags & O_NOFOLLOW), &ino);
	if (!err && (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		err = -EEXIST;
	else if (err == -ENOENT && flags & O_CREAT)
		err = create_file(fs, path, mode, &ino);
	if (!err)
		err = open_inode(fs, ino, flags, f);
	mutex_unlock(&fs->lib);
	if (change)
		pthread_rwlock_unlock(&fs->data);
	return err;
}

static int ext4_stat(void *arg, const char *path, bool follow, struct stat *st)
{
	struct ext4_fs *fs = arg;
	struct ext2_inode disk;
	ext2_ino_t ino;
	int err;

	mutex_lock(&fs->lib);
	err = ext4_lookup(fs, path, follow, &ino);
	if (!err)
		err = ext4_inode_read(fs, ino, &disk);
	if (!err)
		ext4_inode_stat(fs, ino, &disk, st);
	mutex_unlock(&fs->lib);
	return err;
}

static ssize_t ext4_readlink(void *arg, const char *path, char *buf, size_t size)
{
	struct ext4_fs *fs = arg;
	struct ext4_inode *inode;
	ext2_ino_t ino;
	ssize_t n;

	pthread_rwlock_rdlock(&fs->data);
	mutex_lock(&fs->lib);
	n = ext4_lookup(fs, path, false, &ino);
	if (!n)
		n = ext4_inode_open(fs, ino, &inode);
	mutex_unlock(&fs->lib);
	if (n)
		goto out;
	size = MIN((uint64_t)size, EXT2_I_SIZE(&inode->disk));
	if (!LINUX_S_ISLNK(inode->disk.i_mode)) {
		n = -EINVAL;
	} else if (ext2fs_is_fast_symlink(&inode->disk)) {
		n = (ssize_t)MIN(size, sizeof(inode->disk.i_block));
		memcpy(buf, inode->disk.i_block, (size_t)n);
	} else {
		n = ext4_read(inode, buf, size, 0);
	}
	mutex_lock(&fs->lib);
	ext4_inode_close(fs, inode);
	mutex_unlock(&fs->lib);
out:
	pthread_rwlock_unlock(&fs->data);
	return n;
}

/* --- Attributes ------------------------------------------------------------------------------ */

struct attributes {
	const mode_t *mode;
	const uid_t *uid;
	const gid_t *gid;
	const struct timespec *times;
};

static int set_attributes(struct ext4_fs *fs, const char *path, const struct attributes *set)
{
	struct ext2_inode disk;
	ext2_ino_t ino;
	int err;

	ext4_begin(fs);
	err = ext4_lookup(fs, path, true, &ino);
	if (!err)
		err = ext4_inode_read(fs, ino, &disk);
	if (!err) {
		if (set->mode)
			disk.i_mode =
				(uint16_t)((disk.i_mode & LINUX_S_IFMT) | (*set->mode & 07777));
		if (set->uid) {
			disk.i_uid = (uint16_t)*set->uid;
			ext2fs_set_i_uid_high(disk, *set->uid >> 16);
		}
		if (set->gid) {
			disk.i_gid = (uint16_t)*set->gid;
			ext2fs_set_i_gid_high(disk, *set->gid >> 16);
		}
		if (set->times) {
			disk.i_atime = (uint32_t)set->times[0].tv_sec;
			disk.i_mtime = (uint32_t)set->times[1].tv_sec;
		}
		disk.i_ctime = (uint32_t)time(NULL);
		err = ext4_inode_write(fs, ino, &disk);
	}
	ext4_end(fs);
	return err;
}

static int ext4_chmod(void *arg, const char *path, mode_t mode)
{
	return set_attributes(arg, path, &(struct attributes){ .mode = &mode });
}

static int ext4_chown(void *arg, const char *path, uid_t uid, gid_t gid)
{
	return set_attributes(arg, path,
			      &(struct attributes){ .uid = uid == (uid_t)-1 ? NULL : &uid,
						    .gid = gid == (gid_t)-1 ? NULL : &gid });
}

static int ext4_utimens(void *arg, const char *path, const struct timespec times[2])
{
	return set_attributes(arg, path, &(struct attributes){ .times = times });
}

static int ext4_truncate_path(void *arg, const char *path, off_t len)
{
	struct ext4_fs *fs = arg;
	ext2_ino_t ino;
	int err;

	ext4_begin(fs);
	err = ext4_lookup(fs, path, true, &ino);
	if (!err)
		err = ext4_truncate(fs, ino, (uint64_t)len);
	ext4_end(fs);
	return err;
}

static int ext4_statvfs(void *arg, struct statvfs *st)
{
	struct ext4_fs *fs = arg;
	const struct ext2_super_block *super = fs->fs->super;
	uint64_t bfree;

	mutex_lock(&fs->lib);
	bfree = ext2fs_free_blocks_count((struct ext2_super_block *)super);
	*st = (struct statvfs){
		.f_bsize = fs->fs->blocksize,
		.f_frsize = fs->fs->blocksize,
		.f_blocks = ext2fs_blocks_count((struct ext2_super_block *)super),
		.f_bfree = bfree,
		.f_bavail = bfree,
		.f_files = super->s_inodes_count,
		.f_ffree = super->s_free_inodes_count,
		.f_favail = super->s_free_inodes_count,
		.f_flag = fs->readonly ? ST_RDONLY : 0,
		.f_namemax = EXT4_NAME_MAX,
	};
	mutex_unlock(&fs->lib);
	return 0;
}

const struct fs_ops ext4_ops = {
	.name = "ext4",
	.open = ext4_open,
	.stat = ext4_stat,
	.mkdir = ext4_mkdir,
	.unlink = ext4_unlink,
	.rmdir = ext4_rmdir,
	.rename = ext4_rename,
	.link = ext4_link,
	.symlink = ext4_symlink,
	.readlink = ext4_readlink,
	.chmod = ext4_chmod,
	.chown = ext4_chown,
	.truncate = ext4_truncate_path,
	.utimens = ext4_utimens,
	.statvfs = ext4_statvfs,
	.sync = ext4_sync_all,
	.unmount = ext4_unmount,
};
