/* SPDX-License-Identifier: MIT */
/* Transactions: a private version of the store, what was seen in it, and the way back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xenstore/path.h"
#include "xenstore/transaction.h"

/*
 * A transaction must have the effect of running alone, at the moment of its commit. It works on its
 * own copy of the store, which costs nothing to make (the nodes are shared until they change), and
 * writes down two lists: the paths that it looked at, each with what it learned there, and the
 * changes that it made. At commit:
 *
 *   1. Nobody changed anything since it began: its copy becomes the store.
 *   2. Otherwise each path seen is looked up in the store as it was (base) and as it is. If the
 *	generation of what was learned differs, the answers that the transaction got are no longer
 *	true, and it gets EAGAIN.
 *   3. Otherwise it would get the same answers now, so its changes are made again, on a copy of the
 *	store as it is now, and that copy becomes the store if all of them succeed.
 *
 * A worked example. The store has /a = "1" and /b = "1".
 *
 *	T1 reads /a (sees "1"), writes /b = "2"			seen: /a node, /b node
 *	T2 reads /b (sees "1"), writes /a = "2"			seen: /a node, /b node
 *	T3 writes /c/x						seen: /c/x node, / node
 *	T4 lists / (sees a, b), writes /n = "2"			seen: / children, /n node
 *
 * T1 commits: the store is still its base, so its copy becomes the store (1).
 * T2 commits: /b has a new generation: EAGAIN (2). Had it been let through, each would have seen
 *	the other's value from before, which no order of the two explains.
 * T3 commits: /c/x did not exist and does not now; the write is made again on T1's store (3), with
 *	/c made on the way. That / has got a child does not trouble it: it never looked at the list
 *	(only at the permissions of /, which its new nodes have).
 * T4 commits: the list of /'s children has a new generation, as T3 made /c: EAGAIN (2). On its next
 *	run it sees a, b, c.
 *
 * Base and store share every node that nobody changed, so one equal pointer proves a whole subtree
 * unchanged: that is how a removal, which depends on everything below its path, is checked.
 */

struct transaction *transaction_start(const struct store *store, uint32_t id)
{
	struct transaction *tx = calloc(1, sizeof(*tx));

	if (!tx || store_copy(&tx->work, store)) {
		free(tx);
		return NULL;
	}
	tx->id = id;
	tx->base = node_get(store->root);
	return tx;
}

void transaction_free(struct transaction *tx)
{
	for (uint32_t i = 0; i < tx->seen_count; i++)
		free(tx->seen[i].path);
	for (uint32_t i = 0; i < tx->change_count; i++) {
		free((char *)tx->change[i].path);
		blob_put(tx->change[i].value);
		perms_put(tx->change[i].perms);
	}
	free(tx->seen);
	free(tx->change);
	node_put(tx->base);
	store_free(&tx->work);
	free(tx);
}

/* The array with room for one more element of `size` bytes; NULL without memory. */
static void *grow(void *array, uint32_t count, uint32_t *room, size_t size)
{
	uint32_t more = *room ? *room * 2 : 8;

	if (count < *room)
		return array;
	array = realloc(array, more * size);
	if (array)
		*room = more;
	return array;
}

/* The first entry whose path is not below; so one path has one entry, however often it is seen. */
static uint32_t seen_index(const struct transaction *tx, const char *path)
{
	uint32_t low = 0, high = tx->seen_count;

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (strcmp(tx->seen[mid].path, path) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/*
 * If the path is seen, and was not there, nothing below it was, and nothing below it can have come
 * if it is still not there at commit: so what is below need not be written down. That spares a
 * transaction that makes a directory one entry for each node in it.
 */
static bool below_absent(const struct transaction *tx, const char *path, size_t len)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(tx->absent); i++) {
		const struct absent *top = &tx->absent[i];

		if (top->path && len >= top->len && !memcmp(path, top->path, top->len) &&
		    (len == top->len || path[top->len] == '/'))
			return true;
	}
	return false;
}

static void note_absent(struct transaction *tx, const char *seen)
{
	const struct store base = { .root = tx->base };

	if (store_find(&base, seen))
		return;
	tx->absent[1] = tx->absent[0];
	tx->absent[0] = (struct absent){ seen, strlen(seen) };
}

int transaction_see(struct transaction *tx, const struct actor *who, const struct quota *quota,
		    const char *path, unsigned int what)
{
	struct seen *seen;
	uint32_t i;
	char *copy;

	if (below_absent(tx, path, strlen(path)))
		return 0;
	i = seen_index(tx, path);
	if (i < tx->seen_count && !strcmp(tx->seen[i].path, path)) {
		tx->seen[i].what |= what;
		return 0;
	}
	if (quota_beyond(quota->tx_nodes, tx->seen_count + 1, who))
		return -ENOSPC;
	seen = grow(tx->seen, tx->seen_count, &tx->seen_room, sizeof(*seen));
	if (!seen)
		return -ENOMEM;
	tx->seen = seen;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	memmove(&seen[i + 1], &seen[i], (tx->seen_count - i) * sizeof(*seen));
	seen[i] = (struct seen){ .path = copy, .what = what };
	tx->seen_count++;
	note_absent(tx, copy);
	return 0;
}

/* The same for the first `len` bytes of a path; none of them is the root. */
static int see_part(struct transaction *tx, const struct actor *who, const struct quota *quota,
		    const char *path, size_t len, unsigned int what)
{
	char part[PATH_ROOM];

	if (below_absent(tx, path, len))
		return 0;
	memcpy(part, path, len);
	strcpy(part + len, len ? "" : "/");
	return transaction_see(tx, who, quota, part, what);
}

/*
 * What a change depends on, beside the node itself: a new node has the permissions of what is above
 * it, and removing what is not there succeeds where its parent is.
 */
static int see_change(struct transaction *tx, const struct actor *who, const struct quota *quota,
		      const struct change *change, const char *rest)
{
	const char *path = change->path, *missing;
	size_t len;
	int rc = 0;

	if (change->kind == CHANGE_RM) {
		rc = see_part(tx, who, quota, path, strrchr(path, '/') - path, SEEN_EXISTENCE);
	} else if (change->kind != CHANGE_PERMS && *rest) {
		rc = see_part(tx, who, quota, path, rest - path, SEEN_NODE);
		missing = rest;
		store_path_component(&missing, &len);
		if (!rc)
			rc = see_part(tx, who, quota, path, missing - path, SEEN_EXISTENCE);
	}
	if (rc)
		return rc;
	return transaction_see(tx, who, quota, path,
			       change->kind == CHANGE_RM ? SEEN_TREE : SEEN_NODE);
}

int transaction_apply(struct transaction *tx, const struct actor *who, const struct quota *quota,
		      const struct change *change)
{
	uint32_t bytes = tx->bytes + blob_len(change->value);
	struct change *made;
	struct trail trail;
	char *path;
	int rc;

	store_walk(&tx->work, change->path, &trail);
	rc = see_change(tx, who, quota, change, trail.rest);
	if (rc)
		return rc;
	/* The same node may be written again and again. */
	if (quota_beyond(quota->tx_nodes, tx->change_count + 1, who) ||
	    quota_beyond(quota->tx_size, bytes, who))
		return -ENOSPC;
	made = grow(tx->change, tx->change_count, &tx->change_room, sizeof(*made));
	if (!made)
		return -ENOMEM;
	tx->change = made;
	path = strdup(change->path);
	if (!path)
		return -ENOMEM;
	rc = store_apply_at(&tx->work, who, quota, change, &trail);
	if (rc <= 0) {
		free(path);
		return rc;
	}
	tx->bytes = bytes;
	made[tx->change_count++] = (struct change){
		.kind = change->kind,
		.path = path,
		.value = blob_get(change->value),
		.perms = change->perms ? perms_get(change->perms) : NULL,
	};
	return rc;
}

static bool seen_changed(const struct seen *seen, const struct node *was, const struct node *is)
{
	if (was == is)
		return false;
	if (!was || !is || seen->what & SEEN_TREE)
		return true;
	return (seen->what & SEEN_NODE && was->gen != is->gen) ||
	       (seen->what & SEEN_CHILDREN && was->child_gen != is->child_gen);
}

static bool transaction_conflicts(const struct transaction *tx, const struct store *store)
{
	const struct store base = { .root = tx->base };

	for (uint32_t i = 0; i < tx->seen_count; i++) {
		const struct seen *seen = &tx->seen[i];

		if (seen_changed(seen, store_find(&base, seen->path),
				 store_find(store, seen->path)))
			return true;
	}
	return false;
}

/* Make all changes again. What was allowed then and is not now means that others interfered. */
static int transaction_replay(const struct transaction *tx, struct store *store,
			      const struct actor *who, const struct quota *quota)
{
	for (uint32_t i = 0; i < tx->change_count; i++) {
		int rc = store_apply(store, who, quota, &tx->change[i]);

		if (rc < 0)
			return rc == -ENOMEM || rc == -ENOSPC ? rc : -EAGAIN;
	}
	return 0;
}

static void store_replace(struct store *store, struct store *by)
{
	struct store old = *store;

	*store = *by;
	*by = old;
}

int transaction_commit(struct transaction *tx, struct store *store, const struct actor *who,
		       const struct quota *quota)
{
	struct store next;
	int rc;

	if (!tx->change_count)
		return 0; /* What it saw was true together when it began. */
	if (store->root == tx->base) {
		store_replace(store, &tx->work);
		return 0;
	}
	if (transaction_conflicts(tx, store))
		return -EAGAIN;
	rc = store_copy(&next, store);
	if (rc)
		return rc;
	rc = transaction_replay(tx, &next, who, quota);
	if (!rc)
		store_replace(store, &next);
	store_free(&next);
	return rc;
}
