/* SPDX-License-Identifier: MIT */
/*
 * Which multicast packets a frontend wants (xen/io/netif.h, feature-multicast-control). A list of
 * addresses; not locked.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define MCAST_GROUPS_MAX 64U /* addresses that a frontend may list */

struct mcast_filter {
	bool on; /* else it wants all */
	unsigned int count;
	uint8_t groups[MCAST_GROUPS_MAX][6];
};

/* 0, also for one that is listed already; -ENOSPC. */
int mcast_add(struct mcast_filter *filter, const uint8_t addr[6]);
/* 0, -ENOENT. */
int mcast_remove(struct mcast_filter *filter, const uint8_t addr[6]);
/* By the address that a packet is for: one station's and all stations' pass in any case. */
bool mcast_wants(const struct mcast_filter *filter, const uint8_t to[6]);
