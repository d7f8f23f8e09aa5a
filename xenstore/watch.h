/* SPDX-License-Identifier: MIT */
/* Watches: who wants to know about changes of which part of the store. */
#pragma once

#include "xenstore/store.h"

struct connection;

struct watch {
	struct watch *next;       /* of the same connection */
	struct connection *conn;  /* its owner */
	struct watch *hash_next;  /* in the same bucket of the table */
	struct watch *match_next; /* what watch_table_above found, until it is called again */
	uint64_t serial;          /* later ones have higher ones */
	uint32_t hash;            /* of `path` */
	uint32_t skip;            /* bytes that are cut off a path before the owner sees it */
	uint32_t len;             /* of `path` */
	bool owed;         /* an event was not queued: one for `path` is due (see connection.h) */
	const char *token; /* in the same block */
	char path[];       /* absolute, or special */
};

#define WATCH_INTRODUCE "@introduceDomain"
#define WATCH_RELEASE   "@releaseDomain"

/*
 * The longest token, in bytes: with the longest path it still fits into an event.
 */
#define WATCH_TOKEN_MAX 1022

/*
 * All watches of all connections, by path: a change asks for those of its own path and of each one
 * above it, and so costs the same however many others there are.
 */
#define WATCH_BUCKETS 1024

struct watch_table {
	uint64_t serial;                     /* the last one given */
	struct watch *bucket[WATCH_BUCKETS]; /* the newest first */

	/* The last directory that was found unwatched, as are all above it; len 0: none. */
	struct {
		uint32_t len, hash;
		char path[64];
	} unwatched;
};

/*
 * `given` is the path as the domain wrote it, `path` what store_path_resolve made of it (or the
 * same, for a special one). NULL without memory.
 */
struct watch *watch_make(const char *given, const char *path, const char *token);

void watch_table_add(struct watch_table *table, struct watch *watch);
void watch_table_remove(struct watch_table *table, struct watch *watch);

/* The connection's watch with that path and token; NULL if there is none. */
struct watch *watch_table_find(const struct watch_table *table, const struct connection *conn,
			       const char *path, const char *token);

/* All at the path or above it (of a special one: at it), the newest first, linked by match_next. */
struct watch *watch_table_above(struct watch_table *table, const char *path);

/*
 * The path that the owner is to be told if `change` was made, as its own paths are: that of the
 * change if at or below the watch's; the watch's own if that vanished with what was removed. NULL
 * if it is none of his business, or if `who` may not know of it. `old` is the root before the
 * change, needed for removals and permissions, else NULL.
 */
const char *watch_match(const struct watch *watch, const struct actor *who,
			const struct change *change, struct node *old, const struct store *now);
