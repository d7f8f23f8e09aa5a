/* SPDX-License-Identifier: MIT */
/* The two byte rings of a store connection's shared page, seen from either end. */
#pragma once

#include "xenstore/wire.h"

/*
 * One direction, used as reader or as writer. The peer writes its own index at any time and may
 * write anything, ours too: each index is read once, and what was checked is what is used.
 */
struct ring {
	char *data; /* XENSTORE_RING_SIZE bytes */
	XENSTORE_RING_IDX *cons, *prod;
	XENSTORE_RING_IDX at; /* our own index, as of the last ring_readable or _writable */
};

static inline struct ring ring_requests(struct xenstore_domain_interface *intf)
{
	return (struct ring){ intf->req, &intf->req_cons, &intf->req_prod, 0 };
}

static inline struct ring ring_responses(struct xenstore_domain_interface *intf)
{
	return (struct ring){ intf->rsp, &intf->rsp_cons, &intf->rsp_prod, 0 };
}

/*
 * How many bytes can be read (or written) in one piece at *piece; 0 if the ring is empty (full);
 * -EIO if the indexes are impossible.
 */
int ring_readable(struct ring *ring, const char **piece);
int ring_writable(struct ring *ring, char **piece);

/* Move on by at most as many bytes as the last call said. */
void ring_consumed(struct ring *ring, unsigned int bytes);
void ring_produced(struct ring *ring, unsigned int bytes);
