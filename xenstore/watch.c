/* SPDX-License-Identifier: MIT */
/* Watches: which change concerns which watch, and who may hear of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xenstore/path.h"
#include "xenstore/watch.h"
#include "xenstore/wire.h"

_Static_assert(PATH_ROOM + WATCH_TOKEN_MAX + 1 <= XENSTORE_PAYLOAD_MAX, "every event fits");

struct watch *watch_make(const char *given, const char *path, const char *token)
{
	size_t path_len = strlen(path) + 1, token_len = strlen(token) + 1;
	struct watch *watch = malloc(sizeof(*watch) + path_len + token_len);

	if (!watch)
		return NULL;
	*watch = (struct watch){
		.skip = strlen(path) - strlen(given),
		.len = path_len - 1,
		.token = watch->path + path_len,
	};
	memcpy(watch->path, path, path_len);
	memcpy(watch->path + path_len, token, token_len);
	return watch;
}

/* FNV-1a, byte by byte: on the way along a path it passes the hashes of all paths above. */
#define HASH_START 2166136261u

static uint32_t hash_step(uint32_t hash, char c)
{
	return (hash ^ (uint8_t)c) * 16777619u;
}

static uint32_t hash_path(const char *path)
{
	uint32_t hash = HASH_START;

	while (*path)
		hash = hash_step(hash, *path++);
	return hash;
}

void watch_table_add(struct watch_table *table, struct watch *watch)
{
	struct watch **bucket;

	watch->hash = hash_path(watch->path);
	watch->serial = ++table->serial;
	bucket = &table->bucket[watch->hash % WATCH_BUCKETS];
	watch->hash_next = *bucket;
	*bucket = watch;
	table->unwatched.len = 0;
}

void watch_table_remove(struct watch_table *table, struct watch *watch)
{
	struct watch **at = &table->bucket[watch->hash % WATCH_BUCKETS];

	while (*at != watch)
		at = &(*at)->hash_next;
	*at = watch->hash_next;
}

struct watch *watch_table_find(const struct watch_table *table, const struct connection *conn,
			       const char *path, const char *token)
{
	struct watch *watch = table->bucket[hash_path(path) % WATCH_BUCKETS];

	while (watch &&
	       (watch->conn != conn || strcmp(watch->path, path) || strcmp(watch->token, token)))
		watch = watch->hash_next;
	return watch;
}

/* Put the watches of the first `len` bytes of a path, whose hash that is, in their places. */
static void match_prefix(const struct watch_table *table, const char *path, size_t len,
			 uint32_t hash, struct watch **at)
{
	struct watch *watch = table->bucket[hash % WATCH_BUCKETS];

	for (; watch; watch = watch->hash_next) {
		if (watch->hash != hash || watch->len != len || memcmp(watch->path, path, len))
			continue;
		while (*at && (*at)->serial > watch->serial)
			at = &(*at)->match_next;
		watch->match_next = *at;
		*at = watch;
		at = &watch->match_next;
	}
}

/* The directory of a path, of `len` bytes and this hash, is not watched: changes stay near it. */
static void note_unwatched(struct watch_table *table, const char *path, size_t len, uint32_t hash)
{
	if (len >= sizeof(table->unwatched.path))
		return;
	table->unwatched.len = len;
	table->unwatched.hash = hash;
	memcpy(table->unwatched.path, path, len);
}

static bool in_unwatched(const struct watch_table *table, const char *path)
{
	size_t len = table->unwatched.len;

	return len && !strncmp(path, table->unwatched.path, len) && path[len] == '/';
}

struct watch *watch_table_above(struct watch_table *table, const char *path)
{
	uint32_t hash = hash_step(HASH_START, path[0]), dir_hash = 0;
	bool known = in_unwatched(table, path);
	struct watch *found = NULL;
	size_t len = 1, dir = 0;

	if (known) {
		len = table->unwatched.len;
		hash = hash_step(table->unwatched.hash, path[len++]);
	} else if (path[0] == '/' && path[1]) {
		/* "/" is above all other paths, and has no name that ends. */
		match_prefix(table, path, 1, hash, &found);
	}
	for (; path[len]; hash = hash_step(hash, path[len++])) {
		if (path[len] != '/')
			continue;
		match_prefix(table, path, len, hash, &found);
		dir = len;
		dir_hash = hash;
	}
	match_prefix(table, path, len, hash, &found);
	if (dir && !found && !known)
		note_unwatched(table, path, dir, dir_hash);
	return found;
}

/* May he read the node, or know that it is not there? */
static bool may_know(const struct store *store, const struct actor *who, const char *path)
{
	const struct node *node;

	return store_access(store, who, path, XS_PERM_READ, &node) != -EACCES;
}

/* May he read the directory in which the path is? */
static bool may_list(const struct store *store, const struct actor *who, const char *path)
{
	size_t len = strrchr(path, '/') - path;
	char parent[PATH_ROOM];

	if (!len)
		len = 1;
	memcpy(parent, path, len);
	parent[len] = 0;
	return may_know(store, who, parent);
}

const char *watch_match(const struct watch *watch, const struct actor *who,
			const struct change *change, struct node *old, const struct store *now)
{
	const struct store before = { .root = old };
	const char *path = change->path;

	if (store_path_is_below(path, watch->path)) {
		if (may_know(now, who, path) || (old && may_know(&before, who, path)) ||
		    may_list(now, who, path))
			return path + watch->skip;
	} else if (change->kind == CHANGE_RM && store_path_is_below(watch->path, path)) {
		if (store_find(&before, watch->path) && may_know(&before, who, watch->path))
			return watch->path + watch->skip;
	}
	return NULL;
}
