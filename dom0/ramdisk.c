/* SPDX-License-Identifier: MIT */
/* dom0's ramdisk, unpacked if need be. */
#include "dom0/ramdisk.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "dom0/gunzip.h"
#include "guest/console.h"
#include "guest/init.h"

static const char *archive;
static size_t archive_size;

int ramdisk_open(void)
{
	size_t size, position = 0;
	const void *module = start_module(&size);
	struct ramdisk_file file;
	struct error error = { 0 };
	void *unpacked;
	bool is_file;

	if (!module)
		return -ENOENT;
	archive = module;
	archive_size = size;
	if (gunzip_is(module, size)) {
		if (gunzip(module, size, &unpacked, &archive_size, "the ramdisk", &error)) {
			console_print("dom0: %s\n", error.text);
			return error.code;
		}
		archive = unpacked;
	}
	while (cpio_next(archive, archive_size, &position, &file, &is_file))
		;
	if (position == SIZE_MAX) {
		console_print("dom0: the ramdisk is no whole cpio archive (newc), plain or gzip\n");
		archive_size = 0;
		return -EINVAL;
	}
	return 0;
}

bool ramdisk_next(size_t *position, struct ramdisk_file *file)
{
	bool is_file;

	while (archive && cpio_next(archive, archive_size, position, file, &is_file))
		if (is_file)
			return true;
	return false;
}

bool ramdisk_find(const char *path, struct ramdisk_file *file)
{
	size_t position = 0;

	while (*path == '/')
		path++;
	while (ramdisk_next(&position, file))
		if (!strcmp(file->path, path))
			return true;
	return false;
}
