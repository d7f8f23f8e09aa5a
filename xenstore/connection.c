/* SPDX-License-Identifier: MIT */
/* A connection to the store daemon: bytes to requests, answers and events to bytes. */
#include <stdlib.h>
#include <string.h>

#include "xenstore/connection.h"
#include "xenstore/process.h"
#include "xenstore/server.h"

/* Messages that may wait for domain 0, which has no quota. */
#define OUTSTANDING_MAX 1024

void connection_init(struct connection *conn, struct server *server, uint16_t domid)
{
	*conn = (struct connection){
		.server = server,
		.who = { .domid = domid, .target = domid, .privileged = !domid },
		.out_end = &conn->out,
	};
}

/* Drop what is queued: everything, or the events of which no byte has been sent. */
static void drop_output(struct connection *conn, bool only_events)
{
	struct message **at = &conn->out, *message;

	if (only_events && conn->out && conn->out_sent)
		at = &conn->out->next;
	while ((message = *at)) {
		if (only_events && !message->event) {
			at = &message->next;
			continue;
		}
		*at = message->next;
		free(message);
		conn->out_count--;
	}
	conn->out_end = at;
}

void connection_forget(struct connection *conn)
{
	struct transaction *tx;
	struct watch *watch;

	while ((watch = conn->watches)) {
		conn->watches = watch->next;
		watch_table_remove(&conn->server->watches, watch);
		free(watch);
	}
	while ((tx = conn->transactions)) {
		conn->transactions = tx->next;
		transaction_free(tx);
	}
	conn->watch_count = conn->transaction_count = 0;
	conn->owes = false;
	drop_output(conn, true);
}

void connection_reset(struct connection *conn)
{
	connection_forget(conn);
	drop_output(conn, false);
	conn->out_sent = 0;
	free(conn->body);
	conn->body = NULL;
	conn->header_got = conn->body_got = 0;
	conn->error = XENSTORE_ERROR_NONE;
}

void connection_fail(struct connection *conn, uint32_t error)
{
	connection_reset(conn);
	conn->error = error;
}

static uint32_t outstanding_max(const struct connection *conn)
{
	uint32_t quota = conn->server->quota.outstanding;

	return conn->who.privileged || !quota ? OUTSTANDING_MAX : quota;
}

bool connection_ready(const struct connection *conn)
{
	return !conn->error && conn->out_count < outstanding_max(conn);
}

static struct message *message_make(const struct xsd_sockmsg *header)
{
	struct message *message = malloc(sizeof(*message) + sizeof(*header) + header->len);

	if (!message)
		return NULL;
	*message = (struct message){ .len = sizeof(*header) + header->len };
	memcpy(message->bytes, header, sizeof(*header));
	return message;
}

static void message_queue(struct connection *conn, struct message *message)
{
	const struct server_host *host = conn->server->host;

	if (!conn->out && host->queued)
		host->queued(conn);
	*conn->out_end = message;
	conn->out_end = &message->next;
	conn->out_count++;
}

/* What is made of the answer to a call. */
struct reply {
	char **answer; /* NULL: nobody wants it */
	int result;
};

static void reply_take(struct reply *reply, const struct xsd_sockmsg *header, const void *payload)
{
	char *copy;

	if (header->type == XS_ERROR) {
		reply->result = -wire_error_number(payload, header->len);
		return;
	}
	reply->result = header->len;
	if (!reply->answer)
		return;
	copy = malloc(header->len + 1);
	if (!copy) {
		reply->result = -ENOMEM;
		return;
	}
	memcpy(copy, payload, header->len);
	copy[header->len] = 0;
	*reply->answer = copy;
}

int connection_call(struct connection *conn, const struct xsd_sockmsg *header, const char *body,
		    char **answer)
{
	struct reply reply = { .answer = answer, .result = -ENOTCONN };

	if (conn->error)
		return -ENOTCONN;
	conn->reply = &reply;
	process_message(conn, header, body);
	conn->reply = NULL;
	return reply.result;
}

void connection_answer(struct connection *conn, const struct xsd_sockmsg *request, uint32_t type,
		       const void *payload, size_t len)
{
	const struct xsd_sockmsg header = {
		.type = type,
		.req_id = request->req_id,
		.tx_id = request->tx_id,
		.len = len,
	};
	struct message *message;

	if (conn->error)
		return;
	if (conn->reply) {
		reply_take(conn->reply, &header, payload);
		return;
	}
	message = message_make(&header);
	if (!message) {
		connection_fail(conn, XENSTORE_ERROR_COMM);
		return;
	}
	memcpy(message->bytes + sizeof(header), payload, len);
	message_queue(conn, message);
}

/* Whether an equal event waits already, of which no byte has been sent. */
static bool event_queued(const struct connection *conn, const struct message *event)
{
	const struct message *queued = conn->out;

	if (queued && conn->out_sent)
		queued = queued->next;
	for (; queued; queued = queued->next) {
		if (queued->event && queued->len == event->len &&
		    !memcmp(queued->bytes, event->bytes, event->len))
			return true;
	}
	return false;
}

void connection_event(struct connection *conn, struct watch *watch, const char *path)
{
	size_t path_len = strlen(path) + 1, token_len = strlen(watch->token) + 1;
	const struct xsd_sockmsg header = {
		.type = XS_WATCH_EVENT,
		.len = path_len + token_len,
	};
	struct message *event = NULL;

	if (conn->error)
		return;
	if (conn->out_count < outstanding_max(conn))
		event = message_make(&header);
	if (!event) {
		watch->owed = conn->owes = true;
		return;
	}
	event->event = true;
	memcpy(event->bytes + sizeof(header), path, path_len);
	memcpy(event->bytes + sizeof(header) + path_len, watch->token, token_len);
	if (event_queued(conn, event))
		free(event);
	else
		message_queue(conn, event);
}

/* The queue is empty: what was not queued before can be now. */
static void settle_events(struct connection *conn)
{
	conn->owes = false;
	for (struct watch *watch = conn->watches; watch; watch = watch->next) {
		if (!watch->owed)
			continue;
		watch->owed = false;
		connection_event(conn, watch, watch->path + watch->skip);
	}
}

struct transaction *connection_transaction(struct connection *conn, uint32_t id)
{
	struct transaction *tx = conn->transactions;

	while (tx && tx->id != id)
		tx = tx->next;
	return tx;
}

/* Header and payload are complete. */
static void take_message(struct connection *conn)
{
	char *body = conn->body;

	conn->body = NULL;
	conn->header_got = conn->body_got = 0;
	process_message(conn, &conn->header, body);
	free(body);
}

/* The header is complete: make room for the payload, and for a NUL that ends it in any case. */
static void take_header(struct connection *conn)
{
	if (conn->header.len > XENSTORE_PAYLOAD_MAX) {
		connection_fail(conn, XENSTORE_ERROR_PROTO);
		return;
	}
	conn->body = malloc(conn->header.len + 1);
	if (!conn->body) {
		connection_fail(conn, XENSTORE_ERROR_COMM);
		return;
	}
	conn->body[conn->header.len] = 0;
	if (!conn->header.len)
		take_message(conn);
}

static size_t take_piece(char *to, uint32_t *got, uint32_t want, const char *bytes, size_t len)
{
	size_t piece = MIN(len, (size_t)(want - *got));

	memcpy(to + *got, bytes, piece);
	*got += piece;
	return piece;
}

size_t connection_take(struct connection *conn, const char *bytes, size_t len)
{
	size_t taken = 0;

	while (taken < len && connection_ready(conn)) {
		const char *at = bytes + taken;

		if (conn->header_got < sizeof(conn->header)) {
			taken += take_piece((char *)&conn->header, &conn->header_got,
					    sizeof(conn->header), at, len - taken);
			if (conn->header_got == sizeof(conn->header))
				take_header(conn);
		} else {
			taken += take_piece(conn->body, &conn->body_got, conn->header.len, at,
					    len - taken);
			if (conn->body_got == conn->header.len)
				take_message(conn);
		}
	}
	return taken;
}

size_t connection_give(struct connection *conn, char *bytes, size_t room)
{
	size_t given = 0;

	while (given < room && conn->out) {
		struct message *message = conn->out;
		size_t piece = MIN(room - given, (size_t)(message->len - conn->out_sent));

		memcpy(bytes + given, message->bytes + conn->out_sent, piece);
		given += piece;
		conn->out_sent += piece;
		if (conn->out_sent < message->len)
			break;
		conn->out = message->next;
		if (!conn->out)
			conn->out_end = &conn->out;
		conn->out_count--;
		conn->out_sent = 0;
		free(message);
		if (!conn->out && conn->owes)
			settle_events(conn);
	}
	return given;
}

/* Bytes moved, or -EIO. */
static int serve_output(struct connection *conn, struct xenstore_domain_interface *intf)
{
	struct ring ring = ring_responses(intf);
	int moved = 0, room;
	char *piece;

	while (conn->out && (room = ring_writable(&ring, &piece)) != 0) {
		if (room < 0)
			return room;
		room = connection_give(conn, piece, room);
		ring_produced(&ring, room);
		moved += room;
	}
	return moved;
}

/* The same for at most one piece of the ring, which a ring's wrap or a full queue ends. */
static int serve_input(struct connection *conn, struct xenstore_domain_interface *intf)
{
	struct ring ring = ring_requests(intf);
	const char *piece;
	int len;

	if (!connection_ready(conn))
		return 0;
	len = ring_readable(&ring, &piece);
	if (len <= 0)
		return len;
	len = connection_take(conn, piece, len);
	ring_consumed(&ring, len);
	return len;
}

/* The peer's kernel was replaced: it begins with empty rings. */
static void serve_reconnect(struct connection *conn, struct xenstore_domain_interface *intf)
{
	connection_reset(conn);
	WRITE_ONCE(intf->req_cons, 0);
	WRITE_ONCE(intf->req_prod, 0);
	WRITE_ONCE(intf->rsp_cons, 0);
	WRITE_ONCE(intf->rsp_prod, 0);
	WRITE_ONCE(intf->error, XENSTORE_ERROR_NONE);
	wmb(); /* It uses the rings once it sees itself connected. */
	WRITE_ONCE(intf->connection, XENSTORE_CONNECTED);
}

unsigned int connection_serve(struct connection *conn, struct xenstore_domain_interface *intf,
			      unsigned int budget)
{
	unsigned int result = 0;
	int in, out;

	if (READ_ONCE(intf->connection) == XENSTORE_RECONNECT) {
		serve_reconnect(conn, intf);
		return SERVE_NOTIFY;
	}
	if (conn->error)
		return 0;
	do {
		out = serve_output(conn, intf);
		in = out < 0 ? out : serve_input(conn, intf);
		if (in < 0)
			connection_fail(conn, XENSTORE_ERROR_RINGIDX);
		else if (in || out)
			result |= SERVE_NOTIFY;
	} while (!conn->error && in > 0 && budget--);

	if (conn->error) {
		WRITE_ONCE(intf->error, conn->error);
		return SERVE_NOTIFY;
	}
	return in ? result | SERVE_MORE : result;
}
