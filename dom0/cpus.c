/* SPDX-License-Identifier: MIT */
/* Sets of processors, from text and to text. */
#include "dom0/cpus.h"

#include <stdlib.h>
#include <string.h>

#include "lib/format.h"

/* "3" or "3-5", from *at on, which moves behind it. */
static bool parse_range(const char **at, uint64_t *mask)
{
	unsigned long first, last;
	char *end;

	if (**at < '0' || **at > '9')
		return false;
	first = last = strtoul(*at, &end, 10);
	if (*end == '-') {
		*at = end + 1;
		if (**at < '0' || **at > '9')
			return false;
		last = strtoul(*at, &end, 10);
	}
	*at = end;
	if (last >= CPUS_MAX || first > last)
		return false;
	*mask = (~0UL >> (CPUS_MAX - 1 - (last - first))) << first;
	return true;
}

bool cpus_parse(const char *text, uint64_t *mask)
{
	uint64_t part;
	bool without;

	*mask = 0;
	if (!strcmp(text, "all") || !strcmp(text, "any")) {
		*mask = ~0UL;
		return true;
	}
	for (;; text++) {
		while (*text == ' ')
			text++;
		without = *text == '^';
		text += without;
		if (!strncmp(text, "all", 3)) {
			part = ~0UL;
			text += 3;
		} else if (!parse_range(&text, &part)) {
			return false;
		}
		*mask = without ? *mask & ~part : *mask | part;
		while (*text == ' ')
			text++;
		if (*text != ',')
			return !*text && *mask;
	}
}

void cpus_format(uint64_t mask, uint64_t all, char *out, size_t size)
{
	size_t at = 0;

	mask &= all;
	if (mask == all) {
		str_format(out, size, "all");
		return;
	}
	*out = 0;
	for (unsigned int i = 0, last; i < CPUS_MAX && at < size; i = last + 1) {
		last = i;
		if (!(mask >> i & 1))
			continue;
		while (last + 1 < CPUS_MAX && mask >> (last + 1) & 1)
			last++;
		at += (size_t)str_format(out + at, size - at, last > i ? "%s%u-%u" : "%s%u",
					 at ? "," : "", i, last);
	}
}
