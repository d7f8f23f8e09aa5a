/* SPDX-License-Identifier: MIT */
/* Rule: a watchdog that is not set again in time shuts its domain down with reason watchdog. */
#include "../kit/kit.h"

static long watchdog(unsigned int id, unsigned int timeout)
{
	struct sched_watchdog op = { .id = id, .timeout = timeout };

	return hypercall(sched_op, SCHEDOP_watchdog, &op);
}

static void peer_hangs(void)
{
	box.value[0] = watchdog(0, 1);
	for (;;)
		hypercall(sched_op, SCHEDOP_yield);
}

static void peer_feeds(void)
{
	uint64_t end;

	box.value[0] = watchdog(0, 2);
	for (unsigned int i = 0; i < 4; i++) {
		for (end = time_now() + 600 * MS; time_now() < end;)
			hypercall(sched_op, SCHEDOP_yield);
		box.value[1] += watchdog(1, 2);
	}
	box.value[2] = watchdog(1, 0);
	for (end = time_now() + 2500 * MS; time_now() < end;)
		hypercall(sched_op, SCHEDOP_yield);
}

TEST
{
	static struct peer hangs, feeds;

	check("id 3, which is nobody's", watchdog(3, 1), -XEN_EINVAL);
	check("id 1, not set", watchdog(1, 5), -XEN_EINVAL);
	check("clear of id 1, not set", watchdog(1, 0), -XEN_EINVAL);
	check("first", watchdog(0, 100), 1);
	check("second", watchdog(0, 100), 2);
	check("third, in its low 32 bits", (int)watchdog(0, 100), -XEN_ENOSPC);
	check("first again", watchdog(1, 100), 0);
	check("clear first", watchdog(1, 0), 0);
	check("clear it twice", watchdog(1, 0), -XEN_EINVAL);
	check("a new one", watchdog(0, 100), 1);
	check("clear both", watchdog(1, 0) + watchdog(2, 0), 0);

	peer_start(&hangs, 1, peer_hangs);
	peer_start(&feeds, 1, peer_feeds);
	check("a peer that hangs", peer_wait(&hangs, 5000), SHUTDOWN_watchdog);
	check("its watchdog", hangs.box->value[0], 1);
	check("a peer that feeds, then clears it", peer_wait(&feeds, 15000), SHUTDOWN_poweroff);
	check("its watchdog", feeds.box->value[0], 1);
	check("its feeding", feeds.box->value[1], 0);
	check("its clearing", feeds.box->value[2], 0);
}
