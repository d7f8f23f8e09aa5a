/* SPDX-License-Identifier: MIT */
/* Xenbus for drivers: states of both ends, waiting for the peer, giving up. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "guest/console.h"
#include "guest/types.h"
#include "lib/format.h"
#include "xenstore/xenbus_core.h"

/*
 * The protocol in short (<xen/io/xenbus.h>): each end writes only its own "state" and watches the
 * other's. What an end wants the other to know it writes first and moves its state afterwards; the
 * store keeps that order, so who sees the state sees the rest. Backends go InitWait when they have
 * written what they offer; frontends read that, set up rings, and go Initialised; the backend maps
 * them and goes Connected, and so does the frontend. Either end closes by Closing, then Closed.
 */

#define TOLD_MAX 10U

WAIT_QUEUE(xenbus_moved);
uint32_t xenbus_changes;

void xenbus_tell(void)
{
	__atomic_fetch_add(&xenbus_changes, 1, __ATOMIC_RELEASE);
	wake_all(&xenbus_moved);
}

struct node_write {
	const char *dir, *node, *value;
};

static int write_if_there(xs_tx_t tx, void *arg)
{
	const struct node_write *write = arg;
	int rc = xs_exists(tx, write->dir, "state");

	if (rc <= 0)
		return rc ? rc : -ENOENT;
	return xs_write(tx, write->dir, write->node, write->value, strlen(write->value));
}

int xenbus_write_node(const char *dir, const char *node, const char *value)
{
	struct node_write write = { dir, node, value };

	return xs_transact(write_if_there, &write);
}

int xenbus_switch_state(struct xenbus_device *dev, enum xenbus_state state)
{
	char value[8];
	int rc;

	if (dev->state == state)
		return 0;
	str_format(value, sizeof(value), "%u", state);
	rc = xenbus_write_node(dev->path, "state", value);
	/* Gone is as good as closed: its removal is on the way. */
	if (!rc || rc == -ENOENT || rc == -EACCES)
		dev->state = state;
	xenbus_tell();
	return rc;
}

enum xenbus_state xenbus_read_state(const char *dir)
{
	uint32_t state;

	if (!*dir || xs_read_u32(XS_NO_TX, dir, "state", &state) || state > XenbusStateReconfigured)
		return XenbusStateUnknown;
	return state;
}

int xenbus_wait_peer(struct xenbus_device *dev, uint32_t states, unsigned int timeout_ms)
{
	ns_t deadline = clock_deadline(timeout_ms * NS_PER_MS);

	for (;;) {
		uint32_t seen = __atomic_load_n(&xenbus_changes, __ATOMIC_ACQUIRE);

		dev->peer_state = xenbus_read_state(dev->peer);
		if (dev->peer_state == XenbusStateUnknown ||
		    states & XENBUS_STATE_BIT(dev->peer_state))
			return dev->peer_state;
		if (!wait_event_until(&xenbus_moved, READ_ONCE(xenbus_changes) != seen, deadline))
			return -ETIMEDOUT;
	}
}

void xenbus_fatal(struct xenbus_device *dev, int err, const char *fmt, ...)
{
	char text[160];
	va_list args;
	int len;

	va_start(args, fmt);
	len = str_vformat(text, sizeof(text), fmt, args);
	va_end(args);
	if (err && (size_t)len < sizeof(text))
		str_format(text + len, sizeof(text) - len, " (error %d)", err < 0 ? -err : err);
	/* A peer that breaks the rules again and again has the console for a while only. */
	if (dev->told < TOLD_MAX)
		console_print("%s: %s\n", dev->path, text);
	if (++dev->told == TOLD_MAX)
		console_print("%s: further errors stand in its node \"error\" only\n", dev->path);
	xenbus_write_node(dev->path, "error", text);
	xenbus_switch_state(dev, XenbusStateClosing);
}
