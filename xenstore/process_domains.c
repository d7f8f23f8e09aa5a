/* SPDX-License-Identifier: MIT */
/* Requests about domains: who is connected, and who acts for whom. */
#include "xenstore/process.h"
#include "xenstore/server.h"

/*
 * INTRODUCE makes a connection, RELEASE ends it with its watches and transactions; the nodes that
 * the domain owns stay for the toolstack to read and remove, until the domain itself is gone
 * (server_forget_domain). Introducing a domain again gives its connection another event channel:
 * that is how a toolstack recovers one whose port was closed.
 */

/* The domain that is the payload's only string. 0 or -EINVAL. */
static int only_domid(struct request *req, uint16_t *domid)
{
	const char *text = wire_string(req->body, req->len);

	return text ? request_domid(text, domid) : -EINVAL;
}

/* The same, of a domain other than domain 0 that is connected. */
static int connected_domid(struct request *req, struct connection **conn)
{
	uint16_t domid;

	if (only_domid(req, &domid) || !domid)
		return -EINVAL;
	*conn = server_find(req->server, domid);
	return *conn ? 0 : -ENOENT;
}

int process_introduce(struct request *req)
{
	struct server *server = req->server;
	const char *strings[3];
	uint64_t gfn, port;
	uint16_t domid;
	int rc;

	if (wire_strings(req->body, req->len, strings, 3, NULL, NULL) != 3 ||
	    request_domid(strings[0], &domid) || !domid ||
	    !wire_number(strings[1], UINT64_MAX, &gfn) ||
	    !wire_number(strings[2], UINT32_MAX, &port) || !port)
		return -EINVAL;
	rc = server->host->introduce(server, server_find(server, domid), domid, gfn, port);
	if (!rc)
		server_special(server, WATCH_INTRODUCE);
	return rc;
}

int process_release(struct request *req)
{
	struct server *server = req->server;
	struct connection *conn;
	int rc = connected_domid(req, &conn);

	if (rc)
		return rc;
	server->host->release(server, conn);
	server_special(server, WATCH_RELEASE);
	return 0;
}

int process_get_domain_path(struct request *req)
{
	char path[PATH_DOMAIN_ROOM];
	uint16_t domid;

	if (only_domid(req, &domid))
		return -EINVAL;
	store_path_domain(path, domid);
	return request_reply_string(req, path);
}

int process_is_domain_introduced(struct request *req)
{
	uint16_t domid;

	if (only_domid(req, &domid))
		return -EINVAL;
	return request_reply_string(req, server_find(req->server, domid) ? "T" : "F");
}

int process_resume(struct request *req)
{
	struct connection *conn;
	int rc = connected_domid(req, &conn);

	if (!rc)
		conn->shutdown = false;
	return rc;
}

int process_set_target(struct request *req)
{
	struct connection *conn, *target;
	const char *strings[2];
	uint16_t domid, target_domid;

	if (wire_strings(req->body, req->len, strings, 2, NULL, NULL) != 2 ||
	    request_domid(strings[0], &domid) || !domid ||
	    request_domid(strings[1], &target_domid) || !target_domid)
		return -EINVAL;
	conn = server_find(req->server, domid);
	target = server_find(req->server, target_domid);
	if (!conn || !target)
		return -ENOENT;
	conn->who.target = target_domid;
	return 0;
}
