/* SPDX-License-Identifier: MIT */
/* Requests about the connection's own things: watches and transactions. */
#include <stdlib.h>
#include <string.h>

#include "lib/format.h"
#include "xenstore/process.h"
#include "xenstore/server.h"

/*
 * A watch may be set on any path, also on one that does not exist or may not be read: whether its
 * owner may hear of a change is asked when the change happens. The answer to WATCH comes first,
 * then an event for the path as it was given, so that a client looks once and misses nothing.
 * UNWATCH takes back no event that is queued already: clients know tokens that have gone.
 *
 * TRANSACTION_END with an argument that is neither T nor F leaves the transaction open; in all
 * other cases its number is free again, whatever the answer.
 */

/* The path and the token of a watch. The path is absolute, or special; NULL if it is neither. */
static const char *watch_args(struct request *req, const char *strings[2])
{
	if (wire_strings(req->body, req->len, strings, 2, NULL, NULL) != 2)
		return NULL;
	if (store_path_is_special(strings[0]))
		return strings[0];
	return request_path(req, strings[0]);
}

int process_watch(struct request *req)
{
	struct connection *conn = req->conn;
	const char *strings[2], *path = watch_args(req, strings);
	struct watch *watch;

	if (!path || strlen(strings[1]) > WATCH_TOKEN_MAX)
		return -EINVAL;
	if (watch_table_find(&req->server->watches, conn, path, strings[1]))
		return -EEXIST;
	if (quota_beyond(req->server->quota.watches, conn->watch_count + 1, &conn->who))
		return -E2BIG;
	watch = watch_make(strings[0], path, strings[1]);
	if (!watch)
		return -ENOMEM;
	watch->conn = conn;
	watch->next = conn->watches;
	conn->watches = watch;
	watch_table_add(&req->server->watches, watch);
	conn->watch_count++;
	request_reply_string(req, "OK");
	if (!conn->error) /* else the watch has gone with everything */
		connection_event(conn, watch, strings[0]);
	return REPLIED;
}

int process_unwatch(struct request *req)
{
	const char *strings[2], *path = watch_args(req, strings);
	struct connection *conn = req->conn;
	struct watch **at, *watch;

	if (!path)
		return -EINVAL;
	watch = watch_table_find(&req->server->watches, conn, path, strings[1]);
	if (!watch)
		return -ENOENT;
	for (at = &conn->watches; *at != watch; at = &(*at)->next)
		;
	*at = watch->next;
	conn->watch_count--;
	watch_table_remove(&req->server->watches, watch);
	free(watch);
	return 0;
}

int process_reset_watches(struct request *req)
{
	connection_forget(req->conn);
	return 0;
}

/* A number that no transaction of the connection has; never 0. */
static uint32_t fresh_id(struct connection *conn)
{
	do {
		conn->last_transaction++;
	} while (!conn->last_transaction || connection_transaction(conn, conn->last_transaction));
	return conn->last_transaction;
}

int process_transaction_start(struct request *req)
{
	struct connection *conn = req->conn;
	struct transaction *tx;
	char id[WIRE_NUMBER_ROOM];

	if (req->tx)
		return -EBUSY;
	if (quota_beyond(req->server->quota.transactions, conn->transaction_count + 1, &conn->who))
		return -ENOSPC;
	tx = transaction_start(&req->server->store, fresh_id(conn));
	if (!tx)
		return -ENOMEM;
	tx->next = conn->transactions;
	conn->transactions = tx;
	conn->transaction_count++;
	str_format(id, sizeof(id), "%u", tx->id);
	return request_reply_string(req, id);
}

static void transaction_unlink(struct connection *conn, struct transaction *tx)
{
	struct transaction **at = &conn->transactions;

	while (*at != tx)
		at = &(*at)->next;
	*at = tx->next;
	conn->transaction_count--;
}

int process_transaction_end(struct request *req)
{
	const char *verdict = wire_string(req->body, req->len);
	struct server *server = req->server;
	struct transaction *tx = req->tx;
	struct node *old;
	int rc = 0;

	if (!verdict || (strcmp(verdict, "T") && strcmp(verdict, "F")))
		return -EINVAL;
	if (!tx)
		return -ENOENT;
	transaction_unlink(req->conn, tx);
	if (*verdict == 'T') {
		old = node_get(server->store.root);
		rc = transaction_commit(tx, &server->store, &req->conn->who, &server->quota);
		for (uint32_t i = 0; !rc && i < tx->change_count; i++)
			server_changed(server, old, &tx->change[i]);
		node_put(old);
	}
	transaction_free(tx);
	return rc;
}
