/* SPDX-License-Identifier: MIT */
/*
 * The network thread. Devices do their work there, not in upcalls: an event handler only says that
 * there is some. All receiving, bridging and backend work of an image runs on this one thread, so
 * those parts need no locks against each other.
 */
#pragma once

#include "lib/list.h"
#include "lib/types.h"

#define NET_BUDGET 64 /* packets that one device may handle before others get their turn */

struct poller {
	/*
	 * Does up to NET_BUDGET packets' worth of work. True: there is more, call again. Before it
	 * answers false it must have asked for the event that will call net_schedule.
	 */
	bool (*poll)(struct poller *poller);
	struct list link; /* with upcalls masked, as the next */
	bool scheduled;
};

static inline void poller_init(struct poller *poller, bool (*poll)(struct poller *))
{
	poller->poll = poll;
	poller->scheduled = false;
	list_init(&poller->link);
}

/* Lets the thread call poll soon. Any context. Calls before poll has begun count as one. */
void net_schedule(struct poller *poller);

/*
 * After the return poll does not run, and nothing scheduled before will make it run. From threads,
 * not from poll itself.
 */
void net_cancel(struct poller *poller);

/* Runs fn on the network thread and waits for it. From other threads. */
void net_run(void (*fn)(void *arg), void *arg);
