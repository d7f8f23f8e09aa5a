/* SPDX-License-Identifier: MIT */
/*
 * Mounting, and writing back. libext2fs does not journal, so a file system is written only if it
 * was left clean, and is marked as in use until it is unmounted. What is dirty goes to the disk
 * every few seconds, on fsync, and at the end.
 */
#include "blk/ext4/names.h"

#include <stdlib.h>
#include <string.h>

#include "guest/console.h"
#include "guest/init.h"
#include "guest/param.h"
#include "guest/shutdown.h"
#include "guest/thread.h"
#include "lib/format.h"

#define SYNC_INTERVAL (5 * NS_PER_S)

PARAM(mount,
      "DISK:POINT[:ro] puts an ext4 disk there (default: the first disk at /); none: no disk");

static int refuse(const char *device, const char *why)
{
	console_print("%s: not mounted: %s\n", device, why);
	return -EINVAL;
}

/* --- Checks ---------------------------------------------------------------------------------- */

static int open_failed(const char *device, errcode_t err)
{
	switch (err) {
	case EXT2_ET_BAD_MAGIC:
	case EXT2_ET_SHORT_READ:
	case EXT2_ET_CORRUPT_SUPERBLOCK:
		return refuse(device, "there is no ext4 file system on it; make one with mke2fs");
	case EXT2_ET_UNSUPP_FEATURE:
	case EXT2_ET_RO_UNSUPP_FEATURE:
		return refuse(device, "its ext4 uses features that are not supported here");
	case EXT2_ET_SB_CSUM_INVALID:
	case EXT2_ET_GDESC_READ:
		return refuse(device, "its ext4 is damaged; run e2fsck on it");
	default:
		console_print("%s: not mounted: error %ld from the file system\n", device,
			      (long)err);
		return -EIO;
	}
}

static int check(const char *device, const struct block_device *dev, ext2_filsys fs, bool *readonly)
{
	const struct ext2_super_block *super = fs->super;
	uint64_t blocks = ext2fs_blocks_count((struct ext2_super_block *)super);

	/* Not by bytes: what the disk claims may be more of them than 64 bits hold. */
	if (blocks > (dev->sectors << SECTOR_SHIFT) / fs->blocksize) {
		console_print(
			"%s: not mounted: its file system has %lu KiB, the disk only %lu KiB\n",
			device, (unsigned long)(blocks * (fs->blocksize >> 10)),
			(unsigned long)(dev->sectors >> 1));
		return -EINVAL;
	}
	if (ext2fs_has_feature_casefold((struct ext2_super_block *)super))
		return refuse(device, "its ext4 folds case, which is not supported here");
	if (ext2fs_has_feature_journal_needs_recovery((struct ext2_super_block *)super))
		return refuse(device, "its journal waits to be replayed; run e2fsck on it");
	if (!*readonly && (!(super->s_state & EXT2_VALID_FS) || super->s_state & EXT2_ERROR_FS)) {
		console_print(
			"%s: was not unmounted cleanly: read-only until e2fsck has checked it\n",
			device);
		*readonly = true;
	}
	return 0;
}

/* Mark as in use (or not any more) and get that on the disk. */
static errcode_t set_clean(ext2_filsys fs, bool clean)
{
	if (clean)
		fs->super->s_state |= EXT2_VALID_FS;
	else
		fs->super->s_state &= (uint16_t)~EXT2_VALID_FS;
	ext2fs_mark_super_dirty(fs);
	return ext2fs_flush2(fs, 0);
}

static int open_fs(struct ext4_fs *fs, const char *device)
{
	errcode_t err =
		ext2fs_open2(device, NULL, EXT2_FLAG_64BITS | (fs->readonly ? 0 : EXT2_FLAG_RW), 0,
			     0, &ext4_io_manager, &fs->fs);
	bool readonly = fs->readonly;
	int ret;

	if (err)
		return open_failed(device, err);
	ret = check(device, fs->dev, fs->fs, &readonly);
	if (!ret && readonly && !fs->readonly) {
		ext2fs_free(fs->fs);
		fs->readonly = true;
		return open_fs(fs, device);
	}
	if (!ret && !fs->readonly) {
		err = ext2fs_read_bitmaps(fs->fs);
		if (!err)
			err = set_clean(fs->fs, false);
		if (err)
			ret = open_failed(device, err);
	}
	if (ret)
		ext2fs_free(fs->fs);
	else
		fs->cache = fs->fs->io->private_data;
	return ret;
}

/* --- Writing back ---------------------------------------------------------------------------- */

int ext4_sync(struct ext4_fs *fs)
{
	errcode_t err;

	if (fs->readonly)
		return 0;
	mutex_lock(&fs->lib);
	err = ext2fs_flush2(fs->fs, 0);
	mutex_unlock(&fs->lib);
	return ext4_errno(err);
}

int ext4_sync_all(void *fs)
{
	return ext4_sync(fs);
}

/*
 * When the domain ends, threads go on until the very end, and their files are not asked: so both
 * locks stay taken, and whoever comes for a file system that is gone sleeps instead of using it.
 */
int ext4_unmount(void *arg)
{
	struct ext4_fs *fs = arg;
	errcode_t err = 0;

	ext4_begin(fs);
	if (!fs->readonly)
		err = set_clean(fs->fs, true);
	if (!err)
		err = ext2fs_close(fs->fs);
	return ext4_errno(err);
}

static void sync_thread(void *arg)
{
	struct ext4_fs *fs = arg;
	bool dirty;

	for (;;) {
		thread_sleep(SYNC_INTERVAL);
		mutex_lock(&fs->lib);
		dirty = fs->cache->dirty || fs->fs->flags & EXT2_FLAG_DIRTY;
		mutex_unlock(&fs->lib);
		if (dirty)
			ext4_sync(fs);
	}
}

/* --- Mounting -------------------------------------------------------------------------------- */

int ext4_mount(const char *device, const char *point, bool readonly)
{
	struct ext4_fs *fs = calloc(1, sizeof(*fs));
	int err;

	if (!fs)
		return -ENOMEM;
	fs->dev = block_find(device);
	if (!fs->dev) {
		free(fs);
		return refuse(device,
			      "there is no such disk; see disk= in the domain's configuration");
	}
	if (fs->dev->block_size > EXT4_FIRST_BLOCK) {
		free(fs);
		return refuse(device, "its sectors are of more than 1024 bytes");
	}
	fs->readonly = readonly || fs->dev->readonly;
	pthread_rwlock_init(&fs->data, NULL);
	mutex_init(&fs->lib);
	err = open_fs(fs, device);
	if (!err) {
		err = mount_add(point, &ext4_ops, fs, fs->readonly ? MOUNT_READONLY : 0);
		if (err)
			console_print("%s: cannot be mounted at %s: %s\n", device, point,
				      strerror(-err));
		if (err)
			ext4_unmount(fs); /* or it would stay marked as in use */
	}
	if (err) {
		free(fs);
		return err;
	}
	if (!fs->readonly)
		thread_create("ext4-sync", sync_thread, fs, 0);
	console_print("%s: ext4 at %s%s\n", device, point, fs->readonly ? ", read-only" : "");
	return 0;
}

/* DISK:POINT[:ro] */
static int mount_word(const char *word)
{
	char device[32], point[64];
	const char *colon = strchr(word, ':'), *end;

	end = colon ? strchr(colon + 1, ':') : NULL;
	if (!colon || colon[1] != '/' || (end && strcmp(end, ":ro")))
		return refuse(word, "mount= wants DISK:/POINT or DISK:/POINT:ro");
	if (!end)
		end = word + strlen(word);
	if (colon - word >= (int)sizeof(device) || end - colon - 1 >= (int)sizeof(point))
		return refuse(word, "the names in mount= are too long");
	str_format(device, sizeof(device), "%.*s", (int)(colon - word), word);
	str_format(point, sizeof(point), "%.*s", (int)(end - colon - 1), colon + 1);
	return ext4_mount(device, point, *end == ':');
}

static int ext4_mount_all(void)
{
	const char *word = param_next("mount", NULL);
	struct block_device *first = block_next(NULL);

	if (!word && first && !is_initdomain())
		ext4_mount(first->name, "/", false);
	for (; word; word = param_next("mount", word))
		if (strcmp(word, "none"))
			mount_word(word);
	return 0;
}
INITCALL(fs, ext4_mount_all);
