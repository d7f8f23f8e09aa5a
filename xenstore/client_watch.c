/* SPDX-License-Identifier: MIT */
/* The store client's watches: registration, the queue of events, the thread that delivers them. */
#include <stdlib.h>
#include <string.h>

#include "guest/lock.h"
#include "guest/thread.h"
#include "guest/wait.h"
#include "lib/format.h"
#include "xenstore/client_core.h"

/*
 * An event that cannot be kept for want of memory is not lost: all watches are told to look again
 * once there is some. An equal event that waits already is not queued twice. So the queue holds at
 * most each path once for each watch, and callbacks may be slow.
 *
 * A watch that is taken back may still have events on the ring: they carry its token, which is
 * never used again, and find nobody.
 */

/* Callbacks run on this stack: enough for requests and for printing. */
#define WATCH_STACK (32 * 1024)

struct event {
	struct event *next;
	char *payload; /* path, NUL, token, NUL */
	struct xs_watch *watch;
};

static struct {
	/* All of these under the client's lock. */
	struct xs_watch *list;
	struct event *events, **events_end;
	uint32_t last_token;
	bool lost; /* an event could not be kept: every watch is to look again */

	struct xs_watch *firing; /* written by the watch thread, under the lock */
	struct thread *thread;
	struct wait_queue work;  /* the watch thread */
	struct wait_queue fired; /* who waits for the end of a callback */
} watches = {
	.events_end = &watches.events,
	.work = WAIT_QUEUE_INIT(watches.work),
	.fired = WAIT_QUEUE_INIT(watches.fired),
};

void client_wake_watches(void)
{
	wake_all(&watches.work);
}

static struct xs_watch *watch_of(const char *token)
{
	struct xs_watch *watch = watches.list;
	uint64_t number;

	if (!wire_number(token, UINT32_MAX, &number))
		return NULL;
	while (watch && watch->token != number)
		watch = watch->next;
	return watch;
}

static bool event_waiting(const struct xs_watch *watch, const char *path)
{
	for (const struct event *event = watches.events; event; event = event->next) {
		if (event->watch == watch && !strcmp(event->payload, path))
			return true;
	}
	return false;
}

void client_event(char *payload, size_t len)
{
	const char *strings[2];
	struct xs_watch *watch;
	struct event *event;

	if (!payload) {
		watches.lost = true;
		client_wake_watches();
		return;
	}
	if (wire_strings(payload, len, strings, 2, NULL, NULL) != 2 ||
	    !(watch = watch_of(strings[1])) || event_waiting(watch, strings[0])) {
		free(payload);
		return;
	}
	event = malloc(sizeof(*event));
	if (event) {
		*event = (struct event){ .payload = payload, .watch = watch };
		*watches.events_end = event;
		watches.events_end = &event->next;
	} else {
		watches.lost = true;
		free(payload);
	}
	client_wake_watches();
}

/* Put an event for each watch's own path into the queue's place. False without memory. */
static bool look_again(void)
{
	watches.lost = false;
	for (struct xs_watch *watch = watches.list; watch; watch = watch->next) {
		size_t len = strlen(watch->path) + 1 + WIRE_NUMBER_ROOM;
		char *payload = malloc(len);

		if (!payload) {
			watches.lost = true;
			return false;
		}
		len = str_format(payload, len, "%s%c%u", watch->path, 0, watch->token) + 1;
		client_event(payload, len);
	}
	return !watches.lost;
}

/* The next event, off the queue, with its watch marked as firing. */
static struct event *event_take(void)
{
	struct event *event;

	client_lock();
	if (client_input_waiting())
		client_read();
	if (watches.lost && !watches.events && !look_again())
		client_wake_watches();
	event = watches.events;
	if (event) {
		watches.events = event->next;
		if (!watches.events)
			watches.events_end = &watches.events;
		watches.firing = event->watch;
	}
	client_unlock();
	return event;
}

static void event_deliver(struct event *event)
{
	event->watch->fired(event->watch, event->payload);
	client_lock();
	watches.firing = NULL;
	client_unlock();
	wake_all(&watches.fired);
	free(event->payload);
	free(event);
}

static void watch_thread(void *arg)
{
	for (;;) {
		struct event *event;

		wait_event(&watches.work, READ_ONCE(watches.events) || READ_ONCE(watches.lost) ||
						  client_input_waiting());
		while ((event = event_take()))
			event_deliver(event);
		if (READ_ONCE(watches.lost))
			thread_sleep(100 * NS_PER_MS); /* until there is memory again */
	}
}

static int watch_request(uint32_t type, const struct xs_watch *watch)
{
	char token[WIRE_NUMBER_ROOM];
	struct piece pieces[] = {
		{ watch->path, strlen(watch->path) + 1 },
		{ token, str_format(token, sizeof(token), "%u", watch->token) + 1 },
	};
	int rc = client_request(type, XS_NO_TX, pieces, 2, NULL);

	return MIN(rc, 0);
}

/* Take the watch and its events out. With the lock held. */
static void watch_unlink(struct xs_watch *watch)
{
	struct xs_watch **at = &watches.list;
	struct event **event = &watches.events, *dead;

	while (*at && *at != watch)
		at = &(*at)->next;
	if (*at)
		*at = watch->next;
	while ((dead = *event)) {
		if (dead->watch != watch) {
			event = &dead->next;
			continue;
		}
		*event = dead->next;
		free(dead->payload);
		free(dead);
	}
	watches.events_end = event;
}

int xs_watch(struct xs_watch *watch)
{
	int rc = xs_available() ? 0 : -ENOTCONN;

	if (rc)
		return rc;
	client_lock();
	if (!watches.thread)
		watches.thread = thread_create("xenstore", watch_thread, NULL, WATCH_STACK);
	if (!watches.thread)
		rc = -ENOMEM;
	watch->token = ++watches.last_token;
	watch->next = watches.list;
	watches.list = watch; /* before the request: the first event comes with its answer */
	client_unlock();
	if (!rc)
		rc = watch_request(XS_WATCH, watch);
	/* A token is used once: client_watch_again was here before. */
	if (rc == -EEXIST)
		rc = 0;
	if (rc) {
		client_lock();
		watch_unlink(watch);
		client_unlock();
	}
	return rc;
}

/* The list stands still: who wants to take a watch back waits at the gate. */
void client_watch_again(void)
{
	for (struct xs_watch *watch = watches.list; watch; watch = watch->next)
		watch_request(XS_WATCH, watch);
}

int xs_unwatch(struct xs_watch *watch)
{
	int rc = watch_request(XS_UNWATCH, watch);

	client_lock();
	watch_unlink(watch);
	client_unlock();
	if (thread_current() != watches.thread)
		wait_event(&watches.fired, READ_ONCE(watches.firing) != watch);
	return rc;
}
