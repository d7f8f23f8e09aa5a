/* SPDX-License-Identifier: MIT */
/* A connection to the store daemon: a stream of requests in, a stream of answers and events out. */
#pragma once

#include "xenstore/ring.h"
#include "xenstore/transaction.h"
#include "xenstore/watch.h"

struct server;

/* An answer or an event on its way out. */
struct message {
	struct message *next;
	bool event;
	uint32_t len; /* of bytes: header and payload */
	char bytes[];
};

/*
 * What a peer can make us keep is bounded: requests are not read while `outstanding` messages of
 * ours wait for him; an event that is queued already is not queued again; and beyond the limit
 * an event is not queued, but its watch marked as owed. Once the queue is empty he gets one event
 * for the watch's own path, which says "look again" as well as all the others would have done.
 */
struct connection {
	struct connection *next; /* of the server */
	struct server *server;
	struct actor who;
	void *transport; /* the daemon's */
	bool shutdown;   /* @releaseDomain was told for its shutdown */
	uint32_t error;  /* XENSTORE_ERROR_*: broken, nothing is read or sent */

	struct watch *watches;
	struct transaction *transactions;
	uint32_t watch_count, transaction_count, last_transaction;
	bool owes; /* some watch is owed an event */

	/* The request that is being read: header_got bytes of the header, then the payload. */
	struct xsd_sockmsg header;
	uint32_t header_got, body_got;
	char *body;

	struct reply *reply; /* a request that came by a call is being carried out; else NULL */

	struct message *out, **out_end;
	uint32_t out_count, out_sent; /* messages; bytes of the first one */
};

void connection_init(struct connection *conn, struct server *server, uint16_t domid);

/* Forget all watches, the events queued for them, and all transactions. */
void connection_forget(struct connection *conn);

/* The same, and all queued answers, a request half read and what broke it: as if new. */
void connection_reset(struct connection *conn);

/* Reset, and nothing more will be read or sent: the peer broke the protocol, or we ran dry. */
void connection_fail(struct connection *conn, uint32_t error);

/*
 * Queue an answer (type as told; req_id and tx_id of the request), or an event. len is at most
 * XENSTORE_PAYLOAD_MAX. Without memory the connection fails.
 */
void connection_answer(struct connection *conn, const struct xsd_sockmsg *request, uint32_t type,
		       const void *payload, size_t len);
void connection_event(struct connection *conn, struct watch *watch, const char *path);

struct transaction *connection_transaction(struct connection *conn, uint32_t id);

/*
 * A request that does not come by a stream: carries it out, body as for process_message. Returns
 * the length of the answer, which is put NUL-terminated into *answer (if that is not NULL) for the
 * caller to free; -errno that was answered; -ENOTCONN of a connection that failed. Events that it
 * causes are queued as ever.
 */
int connection_call(struct connection *conn, const struct xsd_sockmsg *header, const char *body,
		    char **answer);

/* Whether requests may be read now. */
bool connection_ready(const struct connection *conn);

/* Take bytes of requests, and carry out what is complete. Returns how many it took. */
size_t connection_take(struct connection *conn, const char *bytes, size_t len);

/* Write up to `room` bytes of what is queued. Returns how many. */
size_t connection_give(struct connection *conn, char *bytes, size_t room);

/*
 * Move bytes between the peer's page and the connection as far as they go, but look for requests at
 * most `budget` times. An impossible index breaks the connection, which is noted in the page. A
 * peer that asks there for a new connection (after kexec) gets one.
 */
#define SERVE_NOTIFY 1u /* something moved: tell the peer */
#define SERVE_MORE   2u /* the budget is used up: call again */

unsigned int connection_serve(struct connection *conn, struct xenstore_domain_interface *intf,
			      unsigned int budget);
