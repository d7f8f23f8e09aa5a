/* SPDX-License-Identifier: MIT */
/* Names of virtual disks: both ways of numbering, and both ends of each. */
/* uses: blk/vdev.c lib/format.c */

#include <stdio.h>
#include <string.h>

#include "blk/vdev.h"

static const struct {
	uint32_t number;
	const char *name;
} cases[] = {
	{ 202 << 8, "xvda" },
	{ 202 << 8 | 1, "xvda1" },
	{ 202 << 8 | 15 << 4 | 15, "xvdp15" },
	{ 1 << 28, "xvda" },
	{ 1 << 28 | 16 << 8, "xvdq" },
	{ 1 << 28 | 25 << 8 | 200, "xvdz200" },
	{ 1 << 28 | 26 << 8, "xvdaa" },
	{ 1 << 28 | 51 << 8, "xvdaz" },
	{ 1 << 28 | 52 << 8, "xvdba" },
	{ 1 << 28 | 701 << 8, "xvdzz" },
	{ 1 << 28 | 702 << 8 | 3, "xvdaaa3" },
	{ 0x1fffffff, "xvdbgqcv255" },
	{ 0, "xvd-0" },
	{ 0xffffffff, "xvd-4294967295" },
};

int main(void)
{
	int bad = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char name[VDEV_NAME_MAX];

		vdev_name(cases[i].number, name, sizeof(name));
		if (!strcmp(name, cases[i].name))
			continue;
		printf("%u: %s, should be %s\n", cases[i].number, name, cases[i].name);
		bad = 1;
	}
	return bad;
}
