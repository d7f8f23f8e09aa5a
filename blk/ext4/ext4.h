/* SPDX-License-Identifier: MIT */
/* ext4 through libext2fs, between its parts: mounting, names, inodes and file contents. */
#pragma once

#include "blk/ext4/cache.h"

#include <pthread.h>
#include <sys/stat.h>

#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>

#include "guest/file.h"
#include "guest/lock.h"

/*
 * An inode that is open, or was open not long ago: then the next open finds it read, checked, and
 * with the extent that was found last. All opens of a file share it, so that they see one size.
 * libext2fs keeps no such thing: it works on copies, which are written back at once.
 */
struct ext4_inode {
	struct ext4_fs *fs;
	ext2_ino_t ino;
	unsigned int opens; /* under lib, as the next */
	bool orphan; /* no name any more: it goes with the last close */
	struct ext2_inode disk;
	struct ext2fs_extent extent; /* found last; e_len 0: none */
	struct ext4_inode *next;
};

#define EXT4_CLOSED 32U /* inodes that are kept although nobody has them open */
#define EXT4_KNOWN  64U

/* A path and where it leads. */
struct ext4_known {
	ext2_ino_t ino; /* 0: none */
	uint32_t hash;
	bool follow;
	char path[87];
};

/*
 * Locks, taken in this order: `data` shared by readers of contents for as long as they read, held
 * alone by whoever changes anything; then `lib`, around every call of libext2fs, which has no locks
 * of its own; then the cache's.
 *
 * Why two. A read asks libext2fs where the blocks are, under `lib`, and lets go of it before it
 * waits for the disk: many reads are under way at once. Meanwhile the blocks must stay what they
 * are, so whoever would free, move or write them has to wait for `data`. With `lib` alone this
 * could happen: a reader learns that block 9 of the file is block 700 of the disk; another thread
 * truncates the file and gives 700 to a second one; the reader reads the second one's contents.
 */
struct ext4_fs {
	pthread_rwlock_t data;
	struct mutex lib;
	ext2_filsys fs;
	struct cache *cache;
	struct block_device *dev;
	bool readonly;
	/* Under lib, as the next two. */
	struct ext4_inode *inodes; /* used last first */
	unsigned int closed;	   /* of them */
	struct ext4_known known[EXT4_KNOWN];
};

/* What a superblock is read in, at byte 1024, before the block size is known. */
#define EXT4_FIRST_BLOCK 1024U

extern struct struct_io_manager ext4_io_manager; /* io.c */
extern const struct fs_ops ext4_ops;		 /* names.c */
extern const struct file_ops ext4_file_ops;	 /* file.c */
extern const struct file_ops ext4_dir_ops;	 /* dir.c */

int ext4_errno(errcode_t err); /* 0 or -errno */

/* mount.c: -errno after one line that says why. */
int ext4_mount(const char *device, const char *point, bool readonly);
int ext4_sync(struct ext4_fs *fs); /* takes the locks */

static inline void ext4_begin(struct ext4_fs *fs)
{
	pthread_rwlock_wrlock(&fs->data);
	mutex_lock(&fs->lib);
}

static inline void ext4_end(struct ext4_fs *fs)
{
	mutex_unlock(&fs->lib);
	pthread_rwlock_unlock(&fs->data);
}

/* file.c. Bytes of a file or directory, at most to its end; with `data` held by readers. */
ssize_t ext4_read(struct ext4_inode *inode, void *buf, size_t len, uint64_t pos);
int ext4_truncate(struct ext4_fs *fs, ext2_ino_t ino, uint64_t size); /* with both locks */

/* inode.c; all under lib, those that change under data as well. */
int ext4_inode_open(struct ext4_fs *fs, ext2_ino_t ino, struct ext4_inode **inode);
/* The last close of an orphan changes the disk, so it needs data as well. */
void ext4_inode_close(struct ext4_fs *fs, struct ext4_inode *inode);
/* A copy: of the shared one if the inode is open, else of the disk's. */
int ext4_inode_read(struct ext4_fs *fs, ext2_ino_t ino, struct ext2_inode *disk);
int ext4_inode_write(struct ext4_fs *fs, ext2_ino_t ino, const struct ext2_inode *disk);
int ext4_inode_create(struct ext4_fs *fs, ext2_ino_t dir, mode_t mode, ext2_ino_t *ino);
/* One name less; with the last one its blocks go, or when it is closed if it is open. */
int ext4_inode_unref(struct ext4_fs *fs, ext2_ino_t ino);
void ext4_inode_stat(const struct ext4_fs *fs, ext2_ino_t ino, const struct ext2_inode *disk,
		     struct stat *st);
void ext4_inode_reload(struct ext4_fs *fs, ext2_ino_t ino); /* after libext2fs changed it */
