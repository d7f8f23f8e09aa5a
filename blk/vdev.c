/* SPDX-License-Identifier: MIT */
/* Names of virtual disks by their numbers. Pure. */
#include "blk/vdev.h"

#include "lib/format.h"

void vdev_name(uint32_t number, char *name, size_t size)
{
	char letters[8], *at = letters + sizeof(letters); /* 20 bits of disk are 5 of them */
	unsigned int disk, part;

	if (number >> 28 == 1) {
		disk = number >> 8 & 0xfffff;
		part = number & 0xff;
	} else if (number >> 8 == 202) {
		disk = number >> 4 & 0xf;
		part = number & 0xf;
	} else {
		str_format(name, size, "xvd-%u", number);
		return;
	}
	/* a ... z, aa ... zz, aaa ...: digits without a zero, the last one first. */
	*--at = '\0';
	for (disk++; disk; disk = (disk - 1) / 26)
		*--at = (char)('a' + (disk - 1) % 26);
	if (part)
		str_format(name, size, "xvd%s%u", at, part);
	else
		str_format(name, size, "xvd%s", at);
}
