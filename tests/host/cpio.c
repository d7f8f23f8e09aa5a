/* SPDX-License-Identifier: MIT */
/* Rule: an archive of cpio's newc format is read entry by entry, and nothing outside it ever. */
// uses: dom0/cpio.c
#include "dom0/ramdisk.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/host/check.h"

static size_t add(char *out, size_t at, const char *name, unsigned int mode, const char *data)
{
	size_t len = strlen(data), name_len = strlen(name) + 1;

	at += (size_t)sprintf(out + at,
			      "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 1, mode,
			      0, 0, 1, 0, (unsigned int)len, 0, 0, 0, 0, (unsigned int)name_len, 0);
	memcpy(out + at, name, name_len);
	at = (at + name_len + 3) & ~(size_t)3;
	memcpy(out + at, data, len);
	return (at + len + 3) & ~(size_t)3;
}

/*
 * The first `size` bytes in memory of exactly that size, so that the sanitizer sees every step
 * over.
 */
static int count(const char *archive, size_t size, size_t *position)
{
	struct ramdisk_file file;
	bool is_file;
	char *copy = malloc(size ? size : 1);
	int files = 0;

	memcpy(copy, archive, size);
	*position = 0;
	while (cpio_next(copy, size, position, &file, &is_file))
		files += is_file && strlen(file.path) && (!file.size || *(const char *)file.data);
	free(copy);
	return files;
}

int main(void)
{
	char archive[2048] = { 0 };
	struct ramdisk_file file;
	size_t at = 0, position = 0, bad = 0;
	bool is_file;

	at = add(archive, at, "./etc", 0040755, "");
	at = add(archive, at, "./etc/lamina/a.cfg", 0100644, "name = 'a'\n");
	at = add(archive, at, "images/a", 0100755, "ELF");
	at = add(archive, at, "TRAILER!!!", 0, "");
	CHECK("directory", cpio_next(archive, at, &position, &file, &is_file) && !is_file);
	CHECK("file", cpio_next(archive, at, &position, &file, &is_file) && is_file &&
			      !strcmp(file.path, "etc/lamina/a.cfg") && file.size == 11 &&
			      !memcmp(file.data, "name = 'a'\n", 11));
	CHECK("next", cpio_next(archive, at, &position, &file, &is_file) && file.size == 3);
	CHECK("trailer",
	      !cpio_next(archive, at, &position, &file, &is_file) && position != SIZE_MAX);
	for (size_t size = 0; size < at - 16; size++) {
		count(archive, size, &position);
		bad += position != SIZE_MAX;
	}
	CHECK("cut-short-is-malformed", !bad);
	archive[6 + 8 * 6] = 'z';
	count(archive, at, &position);
	CHECK("no-number", position == SIZE_MAX);
	memset(archive + 6 + 8 * 6, 'f', 8);
	count(archive, at, &position);
	CHECK("huge-size", position == SIZE_MAX);
	return failures != 0;
}
