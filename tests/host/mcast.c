/* SPDX-License-Identifier: MIT */
/* Rule: a filter that is on lets through what is listed, what is for all, and what is for one. */

// uses: net/mcast.c
#include "net/mcast.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

static const uint8_t one[6] = { 0x00, 0x16, 0x3e, 1, 2, 3 };
static const uint8_t everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static const uint8_t *group(unsigned int i)
{
	static uint8_t addr[6] = { 0x01, 0x00, 0x5e };

	addr[4] = (uint8_t)(i >> 8);
	addr[5] = (uint8_t)i;
	return addr;
}

static void test_wants(void)
{
	struct mcast_filter f = { 0 };

	assert(mcast_wants(&f, group(1)));
	f.on = true;
	assert(mcast_wants(&f, one) && mcast_wants(&f, everybody));
	assert(!mcast_wants(&f, group(1)));
	assert(!mcast_add(&f, group(1)) && !mcast_add(&f, group(1)) && f.count == 1);
	assert(mcast_wants(&f, group(1)) && !mcast_wants(&f, group(2)));
	assert(!mcast_remove(&f, group(1)) && !mcast_wants(&f, group(1)));
	assert(mcast_remove(&f, group(1)) == -ENOENT && mcast_remove(&f, everybody) == -ENOENT);
}

static void test_bound(void)
{
	struct mcast_filter f = { .on = true };
	unsigned int i;

	for (i = 0; i < MCAST_GROUPS_MAX; i++)
		assert(!mcast_add(&f, group(i)));
	assert(mcast_add(&f, group(i)) == -ENOSPC && !mcast_wants(&f, group(i)));
	assert(!mcast_add(&f, group(5)));
	assert(!mcast_remove(&f, group(0)) && !mcast_add(&f, group(i)));
	assert(!mcast_remove(&f, group(i)) && !mcast_wants(&f, group(i)));
	for (i = 1; i < MCAST_GROUPS_MAX; i++)
		assert(mcast_wants(&f, group(i)) && !mcast_remove(&f, group(i)));
	assert(!f.count && !mcast_wants(&f, group(7)));
}

int main(void)
{
	test_wants();
	test_bound();
	puts("ok");
	return 0;
}
