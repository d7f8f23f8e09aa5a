/* SPDX-License-Identifier: MIT */
/* The store daemon without its machinery: connections, events to watchers, the end of a domain. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xenstore/server.h"

int server_init(struct server *server, const struct server_host *host)
{
	const struct xs_perm nobody = { .domid = 0, .access = XS_PERM_NONE };

	*server = (struct server){ .host = host };
	quota_init(&server->quota);
	server->introduce_perms = perms_make(&nobody, 1);
	server->release_perms = perms_make(&nobody, 1);
	if (store_init(&server->store) || !server->introduce_perms || !server->release_perms) {
		server_free(server);
		return -ENOMEM;
	}
	return 0;
}

void server_free(struct server *server)
{
	while (server->connections)
		server->host->release(server, server->connections);
	store_free(&server->store);
	perms_put(server->introduce_perms);
	perms_put(server->release_perms);
	server->introduce_perms = server->release_perms = NULL;
}

struct connection *server_connect(struct server *server, uint16_t domid, void *transport)
{
	struct connection *conn = malloc(sizeof(*conn));

	if (!conn)
		return NULL;
	connection_init(conn, server, domid);
	conn->transport = transport;
	conn->next = server->connections;
	server->connections = conn;
	return conn;
}

void server_disconnect(struct server *server, struct connection *conn)
{
	struct connection **at = &server->connections;

	while (*at != conn)
		at = &(*at)->next;
	*at = conn->next;
	connection_reset(conn);
	free(conn);
}

struct connection *server_find(struct server *server, uint16_t domid)
{
	struct connection *conn = server->connections;

	while (conn && conn->who.domid != domid)
		conn = conn->next;
	return conn;
}

static void tell(struct server *server, struct watch *watch, struct node *old,
		 const struct change *change)
{
	const char *path = watch_match(watch, &watch->conn->who, change, old, &server->store);

	if (path)
		connection_event(watch->conn, watch, path);
}

void server_changed(struct server *server, struct node *old, const struct change *change)
{
	struct watch *watch;

	if (change->kind != CHANGE_RM) {
		watch = watch_table_above(&server->watches, change->path);
		for (; watch; watch = watch->match_next)
			tell(server, watch, old, change);
		return;
	}
	/* What is below goes too, whoever watches it. */
	for (struct connection *conn = server->connections; conn; conn = conn->next) {
		for (watch = conn->watches; watch; watch = watch->next)
			tell(server, watch, old, change);
	}
}

struct perms **server_special_perms(struct server *server, const char *event)
{
	if (!strcmp(event, WATCH_INTRODUCE))
		return &server->introduce_perms;
	return strcmp(event, WATCH_RELEASE) ? NULL : &server->release_perms;
}

void server_special(struct server *server, const char *event)
{
	const struct perms *perms = *server_special_perms(server, event);
	struct watch *watch = watch_table_above(&server->watches, event);

	for (; watch; watch = watch->match_next) {
		if (perms_allowed(perms, &watch->conn->who) & XS_PERM_READ)
			connection_event(watch->conn, watch, event);
	}
}

/*
 * Numbers of domains come round again. If nodes of a dead domain stayed, the next one of its number
 * would own them, and read what was meant for the other. So its nodes go, with all below them, and
 * so do permissions that others gave it. The walk comes first and the changes after it, since a
 * change may copy or free the nodes that a walk stands on.
 */

/* What is to be done about nodes of a dead domain, collected before the tree changes. */
struct cleanup {
	uint16_t domid;
	struct change *change;
	uint32_t count, room;
};

static int cleanup_add(struct cleanup *cleanup, const struct change *change)
{
	if (cleanup->count == cleanup->room) {
		uint32_t room = cleanup->room ? cleanup->room * 2 : 16;
		struct change *more = realloc(cleanup->change, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		cleanup->change = more;
		cleanup->room = room;
	}
	cleanup->change[cleanup->count] = *change;
	cleanup->change[cleanup->count].path = strdup(change->path);
	return cleanup->change[cleanup->count].path ? (void)cleanup->count++, 0 : -ENOMEM;
}

static int cleanup_visit(const char *path, const struct node *node, void *arg)
{
	struct cleanup *cleanup = arg;
	struct change change = { .path = path };
	int rc;

	if (perms_owner(node->perms) == cleanup->domid && path[1]) {
		change.kind = CHANGE_RM;
		rc = cleanup_add(cleanup, &change);
		return rc ? rc : WALK_SKIP;
	}
	change.kind = CHANGE_PERMS;
	change.perms = perms_without(node->perms, cleanup->domid);
	if (!change.perms)
		return -ENOMEM;
	rc = 0;
	if (change.perms != node->perms)
		rc = cleanup_add(cleanup, &change);
	if (rc || change.perms == node->perms)
		perms_put(change.perms);
	return rc;
}

int server_forget_domain(struct server *server, uint16_t domid)
{
	const struct actor us = { .privileged = true };
	struct cleanup cleanup = { .domid = domid };
	int rc = node_walk("/", server->store.root, cleanup_visit, &cleanup);

	for (uint32_t i = 0; i < cleanup.count; i++) {
		struct change *change = &cleanup.change[i];
		struct node *old = node_get(server->store.root);
		int done = store_apply(&server->store, &us, &server->quota, change);

		if (done > 0)
			server_changed(server, old, change);
		else if (done < 0)
			rc = done;
		node_put(old);
		free((char *)change->path);
		perms_put(change->perms);
	}
	free(cleanup.change);
	for (struct connection *conn = server->connections; conn; conn = conn->next) {
		if (conn->who.target == domid)
			conn->who.target = conn->who.domid;
	}
	return rc;
}

static int check_visit(const char *path, const struct node *node, void *arg)
{
	uint16_t owner = perms_owner(node->perms);

	for (uint32_t i = 1; i < node->count; i++) {
		if (strcmp(node->child[i - 1]->name, node->child[i]->name) >= 0)
			return -EINVAL;
	}
	if (!path[1])
		return WALK_ON;
	if (tally_reserve(arg, owner))
		return -ENOMEM;
	tally_add(arg, owner, 1);
	return WALK_ON;
}

const char *server_check(const struct server *server)
{
	const struct tally *kept = &server->store.tally;
	struct tally counted = { 0 };
	const char *wrong = NULL;
	int rc = node_walk("/", server->store.root, check_visit, &counted);

	if (rc)
		wrong = rc == -ENOMEM ? "no memory to check" : "children out of order";
	else if (counted.count != kept->count)
		wrong = "owners miscounted";
	for (uint32_t i = 0; !wrong && i < kept->count; i++) {
		if (kept->entry[i].domid != counted.entry[i].domid ||
		    kept->entry[i].nodes != counted.entry[i].nodes)
			wrong = "nodes miscounted";
	}
	tally_free(&counted);
	return wrong;
}
