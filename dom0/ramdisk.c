/* SPDX-License-Identifier: MIT */
/* dom0's ramdisk, unpacked if need be. */
#include "dom0/ramdisk.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/gunzip.h"
#include "guest/console.h"
#include "guest/init.h"

static struct ramdisk_file *files; /* in the archive's order */
static size_t file_count;

/* Read the archive once: a look for a file passes headers no more. 0, -EINVAL or -ENOMEM. */
static int list_files(const char *archive, size_t size)
{
	size_t position = 0, room = 0;
	struct ramdisk_file file, *more;
	bool is_file;

	while (cpio_next(archive, size, &position, &file, &is_file)) {
		if (!is_file)
			continue;
		if (file_count == room) {
			room = room ? room * 2 : 64;
			more = realloc(files, room * sizeof(*files));
			if (!more)
				return -ENOMEM;
			files = more;
		}
		files[file_count++] = file;
	}
	return position == SIZE_MAX ? -EINVAL : 0;
}

int ramdisk_open(void)
{
	size_t size;
	const void *module = start_module(&size);
	struct error error = { 0 };
	void *unpacked;
	int err;

	if (!module)
		return -ENOENT;
	if (gunzip_is(module, size)) {
		if (gunzip(module, size, &unpacked, &size, "the ramdisk", &error)) {
			console_print("dom0: %s\n", error.text);
			return error.code;
		}
		module = unpacked;
	}
	err = list_files(module, size);
	if (err)
		file_count = 0;
	if (err == -EINVAL)
		console_print("dom0: the ramdisk is no whole cpio archive (newc), plain or gzip\n");
	else if (err)
		console_print("dom0: no memory for the list of the ramdisk's files\n");
	return err;
}

bool ramdisk_next(size_t *position, struct ramdisk_file *file)
{
	if (*position >= file_count)
		return false;
	*file = files[(*position)++];
	return true;
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
