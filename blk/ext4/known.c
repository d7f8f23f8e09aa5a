/* SPDX-License-Identifier: MIT */
/*
 * Paths that were looked up before: whoever opens the same files again and again pays for the
 * directories, and for the checksums of their blocks, once. Nothing is known of paths that lead
 * nowhere. Every change of any directory forgets all, so there is nothing to keep in step.
 */
#include "blk/ext4/names.h"

#include <string.h>

static uint32_t hash_of(const char *path, bool follow)
{
	uint32_t hash = follow;

	while (*path)
		hash = (hash ^ (uint8_t)*path++) * 0x01000193U;
	return hash ^ hash >> 15;
}

static struct ext4_known *slot_of(struct ext4_fs *fs, uint32_t hash)
{
	return &fs->known[hash % EXT4_KNOWN];
}

/* 0: not known. */
ext2_ino_t ext4_known_find(struct ext4_fs *fs, const char *path, bool follow)
{
	uint32_t hash = hash_of(path, follow);
	const struct ext4_known *known = slot_of(fs, hash);

	if (!known->ino || known->hash != hash || known->follow != follow ||
	    strcmp(known->path, path))
		return 0;
	return known->ino;
}

void ext4_known_add(struct ext4_fs *fs, const char *path, bool follow, ext2_ino_t ino)
{
	uint32_t hash = hash_of(path, follow);
	struct ext4_known *known = slot_of(fs, hash);

	if (strlen(path) >= sizeof(known->path))
		return;
	known->ino = ino;
	known->hash = hash;
	known->follow = follow;
	strcpy(known->path, path);
}

void ext4_known_forget(struct ext4_fs *fs)
{
	for (unsigned int i = 0; i < EXT4_KNOWN; i++)
		fs->known[i].ino = 0;
}
