/* SPDX-License-Identifier: MIT */
/*
 * The network threads, as many as vcpus. Devices do their work there, not in upcalls: an event
 * handler only says that there is some. A poller belongs to one of the threads for good, so what
 * only its poll touches needs no lock; what several pollers touch does.
 *
 * All devices' events come to vcpu 0, and the threads run there too until one has to wait for
 * another: then another vcpu takes it (guest/sched.c). Spread in advance, they would keep all vcpus
 * busy with sleeping and waking, and in each other's way at the stack's lock.
 */
#pragma once

#include "lib/list.h"
#include "lib/types.h"

#define NET_BUDGET	64 /* packets that one poller may handle before others get their turn */
#define NET_THREADS_MAX 8U

struct poller {
	/*
	 * Does up to NET_BUDGET packets' worth of work. True: there is more, call again. Before it
	 * answers false it must have asked for the event that will call net_schedule.
	 */
	bool (*poll)(struct poller *poller);
	unsigned int thread; /* whose it is; constant */
	struct list link;    /* with the thread's lock, as the next */
	bool scheduled;
};

/* How many threads there are, from the level `bus` on (guest/init.h). */
unsigned int net_thread_count(void);

/* A parameter that limits a device's queues: 1 to NET_THREADS_MAX, one a thread if not given. */
unsigned int net_queue_limit(const char *param);

/* Of the thread with that number, modulo their count. */
static inline void poller_init(struct poller *poller, bool (*poll)(struct poller *),
			       unsigned int thread)
{
	poller->poll = poll;
	poller->thread = thread % net_thread_count();
	poller->scheduled = false;
	list_init(&poller->link);
}

/* Lets the thread call poll soon. Any context. Calls before poll has begun count as one. */
void net_schedule(struct poller *poller);

/*
 * After the return poll does not run, and nothing scheduled before will make it run. From threads,
 * not from a poll.
 */
void net_cancel(struct poller *poller);

/* Runs fn on the first network thread and waits for it. From other threads. */
void net_run(void (*fn)(void *arg), void *arg);

/*
 * Returns when every network thread has ended the turn that it was in: what was taken out of their
 * sight before is not in use any more. From other threads.
 */
void net_quiesce(void);
