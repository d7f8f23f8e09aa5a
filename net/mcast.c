/* SPDX-License-Identifier: MIT */
/* A frontend's list of multicast addresses; pure. */
#include "net/mcast.h"

#include <errno.h>
#include <string.h>

static unsigned int find(const struct mcast_filter *filter, const uint8_t addr[6])
{
	unsigned int i = 0;

	while (i < filter->count && memcmp(filter->groups[i], addr, 6) != 0)
		i++;
	return i;
}

int mcast_add(struct mcast_filter *filter, const uint8_t addr[6])
{
	if (find(filter, addr) < filter->count)
		return 0;
	if (filter->count == MCAST_GROUPS_MAX)
		return -ENOSPC;
	memcpy(filter->groups[filter->count++], addr, 6);
	return 0;
}

int mcast_remove(struct mcast_filter *filter, const uint8_t addr[6])
{
	unsigned int at = find(filter, addr);

	if (at == filter->count)
		return -ENOENT;
	filter->count--;
	if (at < filter->count)
		memcpy(filter->groups[at], filter->groups[filter->count], 6);
	return 0;
}

bool mcast_wants(const struct mcast_filter *filter, const uint8_t to[6])
{
	static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	return !filter->on || !(to[0] & 1) || memcmp(to, all, 6) == 0 ||
	       find(filter, to) < filter->count;
}
