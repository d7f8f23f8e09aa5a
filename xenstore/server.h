/* SPDX-License-Identifier: MIT */
/* The store daemon without its machinery: the store, who is connected, how events reach them. */
#pragma once

#include "xenstore/connection.h"
#include "xenstore/path.h"

/*
 * What the daemon does for the server: how rings are mapped and channels bound is none of its
 * business. Everything here is called by one thread at a time; the daemon holds its lock around it.
 */
struct server_host {
	/*
	 * Make the transport of a new connection for the domain, or bind a new event channel for
	 * the one that is there (`conn` not NULL). server_connect is the last step. 0 or -errno.
	 */
	int (*introduce)(struct server *server, struct connection *conn, uint16_t domid,
			 uint64_t gfn, uint32_t port);

	/* Undo the transport and call server_disconnect. */
	void (*release)(struct server *server, struct connection *conn);

	/* The connection, which had nothing to send, has something now; may be NULL. */
	void (*queued)(struct connection *conn);

	/* A line for whoever reads the daemon's log; may be NULL. */
	void (*log)(const char *line);
};

struct server {
	const struct server_host *host;
	struct store store;
	struct quota quota;
	struct connection *connections;
	struct watch_table watches; /* theirs */

	/* Who may watch the special events; the privileged domain owns both. */
	struct perms *introduce_perms, *release_perms;

	bool trace;           /* log every request */
	char path[PATH_ROOM]; /* the path of the request that is being carried out */
};

/* Returns 0 or -ENOMEM. */
int server_init(struct server *server, const struct server_host *host);

/* Release all connections and free the store. */
void server_free(struct server *server);

/* A new connection; NULL without memory. The domain must not have one. */
struct connection *server_connect(struct server *server, uint16_t domid, void *transport);

/* Free it. What it had in the store stays. */
void server_disconnect(struct server *server, struct connection *conn);

struct connection *server_find(struct server *server, uint16_t domid);

/* Tell all who watch, after the change; `old`: as for watch_match. */
void server_changed(struct server *server, struct node *old, const struct change *change);

/* Tell of a special event, WATCH_INTRODUCE or WATCH_RELEASE. */
void server_special(struct server *server, const char *event);

/* The permissions of a special event, NULL if there is none of that name. */
struct perms **server_special_perms(struct server *server, const char *event);

/*
 * A domain is gone for good: remove what it owned and every permission that names it, so that
 * the next domain of that number inherits nothing. Returns 0, or -ENOMEM, then some may be left.
 */
int server_forget_domain(struct server *server, uint16_t domid);

/* Check that the store's own books agree. Returns NULL, or what is wrong. */
const char *server_check(const struct server *server);
