/* SPDX-License-Identifier: MIT */
/*
 * Names of an ext4, between the files that work on them. All under lib, what changes under data
 * too.
 */
#pragma once

#include "blk/ext4/ext4.h"

#define EXT4_NAME_MAX 255U

int ext4_lookup(struct ext4_fs *fs, const char *path, bool follow, ext2_ino_t *ino);
/* The directory that holds the last component, and that component. -EEXIST: path is the root. */
int ext4_lookup_parent(struct ext4_fs *fs, const char *path, ext2_ino_t *dir, const char **name);
/* known.c. 0: not known, or not any more. */
ext2_ino_t ext4_known_find(struct ext4_fs *fs, const char *path, bool follow);
void ext4_known_add(struct ext4_fs *fs, const char *path, bool follow, ext2_ino_t ino);
void ext4_known_forget(struct ext4_fs *fs); /* with every change of a directory */

int ext4_child(struct ext4_fs *fs, ext2_ino_t dir, const char *name, ext2_ino_t *ino);

int ext4_add_name(struct ext4_fs *fs, ext2_ino_t dir, const char *name, ext2_ino_t ino,
		  mode_t mode);
int ext4_remove_name(struct ext4_fs *fs, ext2_ino_t dir, const char *name);
/* Remove a name, which must be a directory's or must not be, and the inode with its last name. */
int ext4_remove_entry(struct ext4_fs *fs, ext2_ino_t dir, const char *name, bool directory);
/* The ".." of a directory in it came (+1) or went (-1). */
int ext4_parent_links(struct ext4_fs *fs, ext2_ino_t dir, int change);

/* The operations of the table: they take the locks. */
int ext4_mkdir(void *fs, const char *path, mode_t mode);
int ext4_unlink(void *fs, const char *path);
int ext4_rmdir(void *fs, const char *path);
int ext4_link(void *fs, const char *from, const char *to);
int ext4_symlink(void *fs, const char *target, const char *path);
int ext4_rename(void *fs, const char *from, const char *to);
int ext4_sync_all(void *fs);
int ext4_unmount(void *fs);
