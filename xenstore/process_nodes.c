/* SPDX-License-Identifier: MIT */
/* Requests about nodes: values, directories, permissions. */
#include <stdlib.h>
#include <string.h>

#include "lib/format.h"
#include "xenstore/process.h"
#include "xenstore/server.h"

/*
 * Who may do what, as the protocol has it. To read a value, a list of children or permissions one
 * needs READ on the node; to write, to make and to remove it, WRITE on the node, or, while it does
 * not exist, on the nearest node above it; to set permissions, to own it. Rights are looked up on
 * that one node: what is further above does not count. A missing node answers ENOENT only to those
 * who have the right above it, EACCES to all others, so that nobody can probe for names.
 *
 * In a transaction everything is done on its own version of the store, and noted in it; outside, on
 * the store itself, and watchers are told at once. Events come before the answer to their cause.
 */

static struct store *request_store(struct request *req)
{
	return req->tx ? &req->tx->work : &req->server->store;
}

/* The node at a path that the domain gave, for reading; `seen` of it is SEEN_*. */
static int request_node(struct request *req, const char *given, unsigned int seen,
			const struct node **node)
{
	const char *path = given ? request_path(req, given) : NULL;
	int rc = 0;

	if (!path)
		return -EINVAL;
	if (req->tx)
		rc = transaction_see(req->tx, &req->conn->who, &req->server->quota, path, seen);
	if (rc)
		return rc;
	return store_access(request_store(req), &req->conn->who, path, XS_PERM_READ, node);
}

/* Make a change, in the transaction or for all to see. */
static int request_change(struct request *req, const struct change *change)
{
	const struct actor *who = &req->conn->who;
	struct server *server = req->server;
	struct node *old = NULL;
	int rc;

	if (req->tx) {
		rc = transaction_apply(req->tx, who, &server->quota, change);
		return MIN(rc, 0);
	}
	/* Keeping the old tree makes the change copy; only these need it for their events. */
	if (change->kind == CHANGE_RM || change->kind == CHANGE_PERMS)
		old = node_get(server->store.root);
	rc = store_apply(&server->store, who, &server->quota, change);
	if (rc > 0)
		server_changed(server, old, change);
	node_put(old);
	return MIN(rc, 0);
}

/* The names of all children, each with its NUL, from byte `from` of that list, at most `room`. */
static size_t list_children(const struct node *node, size_t from, char *out, size_t room)
{
	size_t at = 0, len = 0;

	for (uint32_t i = 0; i < node->count && len < room; i++) {
		const struct node *child = node->child[i];
		size_t size = child->name_len + 1, skip = at < from ? MIN(from - at, size) : 0;

		at += size;
		size -= skip;
		if (!size)
			continue;
		if (size > room - len)
			break;
		memcpy(out + len, child->name + skip, size);
		len += size;
	}
	return len;
}

static size_t children_size(const struct node *node)
{
	size_t size = 0;

	for (uint32_t i = 0; i < node->count; i++)
		size += node->child[i]->name_len + 1;
	return size;
}

int process_directory(struct request *req)
{
	const struct node *node;
	int rc = request_node(req, wire_string(req->body, req->len), SEEN_CHILDREN, &node);
	size_t size;
	char *list;

	if (rc)
		return rc;
	size = children_size(node);
	if (size > XENSTORE_PAYLOAD_MAX)
		return -E2BIG;
	list = malloc(size + 1);
	if (!list)
		return -ENOMEM;
	rc = request_reply(req, list, list_children(node, 0, list, size));
	free(list);
	return rc;
}

/*
 * The answer is the node's generation, as many whole names as fit, and an empty name if those were
 * the last ones.
 */
int process_directory_part(struct request *req)
{
	const char *strings[2];
	const struct node *node;
	uint64_t from;
	char *out;
	size_t len;
	int rc;

	if (wire_strings(req->body, req->len, strings, 2, NULL, NULL) != 2 ||
	    !wire_number(strings[1], UINT32_MAX, &from))
		return -EINVAL;
	rc = request_node(req, strings[0], SEEN_NODE | SEEN_CHILDREN, &node);
	if (rc)
		return rc;
	out = malloc(XENSTORE_PAYLOAD_MAX);
	if (!out)
		return -ENOMEM;
	len = str_format(out, XENSTORE_PAYLOAD_MAX, "%llu",
			 (unsigned long long)node_generation(node)) +
	      1;
	rc = list_children(node, from, out + len, XENSTORE_PAYLOAD_MAX - len - 1);
	len += rc;
	if (from + rc >= children_size(node))
		out[len++] = 0;
	rc = request_reply(req, out, len);
	free(out);
	return rc;
}

int process_read(struct request *req)
{
	const struct node *node;
	int rc = request_node(req, wire_string(req->body, req->len), SEEN_NODE, &node);

	if (rc)
		return rc;
	return request_reply(req, node->value ? node->value->data : "", blob_len(node->value));
}

int process_write(struct request *req)
{
	struct change change = { .kind = CHANGE_WRITE };
	const char *given, *value;
	size_t len;
	int rc;

	if (wire_strings(req->body, req->len, &given, 1, &value, &len) != 1)
		return -EINVAL;
	change.path = request_path(req, given);
	if (!change.path)
		return -EINVAL;
	change.value = blob_make(value, len);
	if (len && !change.value)
		return -ENOMEM;
	rc = request_change(req, &change);
	blob_put(change.value);
	return rc;
}

static int change_path(struct request *req, enum change_kind kind)
{
	const char *given = wire_string(req->body, req->len);
	struct change change = { .kind = kind };

	change.path = given ? request_path(req, given) : NULL;
	return change.path ? request_change(req, &change) : -EINVAL;
}

int process_mkdir(struct request *req)
{
	return change_path(req, CHANGE_MKDIR);
}

int process_rm(struct request *req)
{
	return change_path(req, CHANGE_RM);
}

static int reply_perms(struct request *req, const struct perms *perms)
{
	char *out = malloc(perms->count * XS_PERM_STRLEN);
	size_t len = 0;
	int rc;

	if (!out)
		return -ENOMEM;
	for (uint32_t i = 0; i < perms->count; i++)
		len += perm_format(out + len, perms->entry[i]) + 1;
	rc = request_reply(req, out, len);
	free(out);
	return rc;
}

int process_get_perms(struct request *req)
{
	const char *given = wire_string(req->body, req->len);
	const struct node *node;
	int rc;

	if (given && *given == '@') {
		struct perms **special = server_special_perms(req->server, given);

		if (!special)
			return -EINVAL;
		if (!(perms_allowed(*special, &req->conn->who) & XS_PERM_READ))
			return -EACCES;
		return reply_perms(req, *special);
	}
	rc = request_node(req, given, SEEN_NODE, &node);
	return rc ? rc : reply_perms(req, node->perms);
}

/* Permissions from their strings, which fill the rest of the payload. 0 or -errno. */
static int parse_perms(const char *text, size_t len, struct perms **perms)
{
	struct xs_perm *entry;
	const char *end = text + len;
	unsigned int count = 0;

	if (!len || end[-1])
		return -EINVAL;
	entry = malloc(len / 2 * sizeof(*entry) + sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	for (; text < end; text += strlen(text) + 1) {
		if (!perm_parse(text, &entry[count++])) {
			free(entry);
			return -EINVAL;
		}
	}
	*perms = perms_make(entry, count);
	free(entry);
	return *perms ? 0 : -ENOMEM;
}

static int set_special_perms(struct request *req, const char *event, struct perms *perms)
{
	struct perms **special = server_special_perms(req->server, event);

	if (!special)
		return -EINVAL;
	if (!req->conn->who.privileged)
		return -EACCES;
	perms_put(*special);
	*special = perms_get(perms);
	return 0;
}

int process_set_perms(struct request *req)
{
	struct change change = { .kind = CHANGE_PERMS };
	const char *given, *text;
	size_t len;
	int rc;

	if (wire_strings(req->body, req->len, &given, 1, &text, &len) != 1)
		return -EINVAL;
	rc = parse_perms(text, len, &change.perms);
	if (rc)
		return rc;
	if (*given == '@') {
		rc = set_special_perms(req, given, change.perms);
	} else {
		change.path = request_path(req, given);
		rc = change.path ? request_change(req, &change) : -EINVAL;
	}
	perms_put(change.perms);
	return rc;
}
