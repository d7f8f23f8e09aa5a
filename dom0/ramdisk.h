/* SPDX-License-Identifier: MIT */
/* Files of dom0's ramdisk: a cpio archive (newc), plain or gzip. Read-only, in memory for good. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct ramdisk_file {
	const char *path; /* without a leading slash: "etc/lamina/httpd.cfg" */
	const void *data;
	size_t size;
};

/*
 * Open the module that came with dom0. 0; -ENOENT: none came; -EINVAL after a line that says why.
 */
int ramdisk_open(void);

/* By path, with or without a leading slash. False: no such file. */
bool ramdisk_find(const char *path, struct ramdisk_file *file);

/* One after the other: start with *position 0. False after the last. Directories are left out. */
bool ramdisk_next(size_t *position, struct ramdisk_file *file);

/*
 * The next entry of a cpio archive at *position. False at its end (TRAILER!!!) or where it is
 * malformed, then *position is SIZE_MAX. Pure.
 */
bool cpio_next(const char *archive, size_t size, size_t *position, struct ramdisk_file *file,
	       bool *is_file);
