/* SPDX-License-Identifier: MIT */
/* Rule: a hypercall number that names no operation answers -ENOSYS. */
/* as: dom0, domU */
#include "../kit/kit.h"

TEST
{
	static const struct {
		const char *what;
		ulong number;
	} numbers[] = {
		{ "number 11, never given out", 11 },
		{ "number 43, the first free one", 43 },
		{ "number 47, the last below the architecture's", 47 },
		{ "number 55, the last of the architecture's", 55 },
		{ "number 56, behind the table", 56 },
		{ "number 63", 63 },
		{ "number 127, the last of the page", 127 },
		{ "number 128, behind the page", 128 },
		{ "number 2^31", 1UL << 31 },
		{ "number 2^32 - 1", 0xffffffffUL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		check(numbers[i].what, hypercall_nr(numbers[i].number), -XEN_ENOSYS);
	check("and then a known one, xen_version", hypercall(xen_version, XENVER_version),
	      4 << 16 | 17);
}
