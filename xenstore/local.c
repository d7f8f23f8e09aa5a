/* SPDX-License-Identifier: MIT */
/*
 * The client that lives in the daemon's own image. It has a ring as every domain has, but in plain
 * memory, and calls in place of event channels, so it needs no code of its own. What concerns nodes
 * and transactions only does not even take the ring: the thread that asks takes the daemon's lock
 * and does it, and so spares two switches of threads. Watches come and go by the ring, where their
 * events are. An event that a call caused comes by the ring soon after, as one of another domain's
 * doing would.
 */
#include <stdlib.h>
#include <string.h>

#include "xenstore/client_core.h"
#include "xenstore/link.h"

static struct link *local;

static void local_notify(void *arg)
{
	link_wake(local);
}

/* The pieces in one, with a NUL behind them; `room` if they fit there. NULL without memory. */
static char *put_together(const struct piece *pieces, unsigned int count, size_t len, char *room,
			  size_t size)
{
	char *body = len < size ? room : malloc(len + 1), *at = body;

	for (unsigned int i = 0; body && i < count; i++) {
		memcpy(at, pieces[i].data, pieces[i].len);
		at += pieces[i].len;
	}
	if (body)
		*at = 0;
	return body;
}

#define BODY_ROOM 512

static int local_call(uint32_t type, xs_tx_t tx, const struct piece *pieces, unsigned int count,
		      size_t len, char **answer)
{
	const struct xsd_sockmsg header = { .type = type, .tx_id = tx.id, .len = len };
	char room[BODY_ROOM], *body = put_together(pieces, count, len, room, sizeof(room));
	int rc;

	if (!body)
		return -ENOMEM;
	mutex_lock(&daemon.lock);
	rc = connection_call(local->conn, &header, body, answer);
	mutex_unlock(&daemon.lock);
	if (links_posted()) /* events for others, or for our own watches */
		wake_one(&daemon.wake);
	if (body != room)
		free(body);
	return rc;
}

int local_init(void)
{
	struct link *link = calloc(1, sizeof(*link));

	if (!link)
		return -ENOMEM;
	link->intf = calloc(1, sizeof(*link->intf));
	link->conn = link->intf ? server_connect(&daemon.server, 0, link) : NULL;
	if (!link->conn) {
		free(link->intf);
		free(link);
		return -ENOMEM;
	}
	local = link;
	return 0;
}

void local_attach(void)
{
	client_attach_call(local_call);
	client_attach(local->intf, local_notify, NULL);
}
