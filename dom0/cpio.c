/* SPDX-License-Identifier: MIT */
/*
 * The cpio archive format "newc": a header of 13 numbers in 8 hexadecimal digits, the name, the
 * data, both padded to 4 bytes. Every length is checked against the archive. Pure.
 */
#include "dom0/ramdisk.h"

#include <stdint.h>
#include <string.h>

#define HEADER_SIZE   110U
#define FIELD_MODE    1U
#define FIELD_SIZE    6U
#define FIELD_NAMELEN 11U
#define MODE_TYPE     0170000U
#define MODE_REGULAR  0100000U
#define TRAILER	      "TRAILER!!!"

/* Field `index` behind the magic number; false where it is no number. */
static bool field(const char *header, unsigned int index, uint32_t *value)
{
	const char *digits = header + 6 + index * 8;

	*value = 0;
	for (unsigned int i = 0; i < 8; i++) {
		char c = digits[i];

		if (c >= '0' && c <= '9')
			*value = *value << 4 | (uint32_t)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			*value = *value << 4 | (uint32_t)((c | 32) - 'a' + 10);
		else
			return false;
	}
	return true;
}

static size_t padded(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

static bool malformed(size_t *position)
{
	*position = SIZE_MAX;
	return false;
}

bool cpio_next(const char *archive, size_t size, size_t *position, struct ramdisk_file *file,
	       bool *is_file)
{
	uint32_t mode, data_len, name_len;
	const char *header, *name;
	size_t at = *position, data;

	if (at > size || size - at < HEADER_SIZE)
		return malformed(position);
	header = archive + at;
	if (memcmp(header, "070701", 6) || !field(header, FIELD_MODE, &mode) ||
	    !field(header, FIELD_SIZE, &data_len) || !field(header, FIELD_NAMELEN, &name_len))
		return malformed(position);
	name = header + HEADER_SIZE;
	if (!name_len || name_len > size - at - HEADER_SIZE || name[name_len - 1])
		return malformed(position);
	data = padded(at + HEADER_SIZE + name_len);
	if (data > size || data_len > size - data)
		return malformed(position);
	if (!strcmp(name, TRAILER))
		return false;
	while (*name == '.' && name[1] == '/')
		name += 2;
	*file = (struct ramdisk_file){ name, archive + data, data_len };
	*is_file = (mode & MODE_TYPE) == MODE_REGULAR;
	*position = padded(data + data_len);
	return true;
}
