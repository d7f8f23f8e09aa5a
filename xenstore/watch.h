/* SPDX-License-Identifier: MIT */
/* Watches: who wants to know about changes of which part of the store. */
#pragma once

#include "xenstore/store.h"

struct watch {
	struct watch *next; /* of the same connection */
	uint32_t skip;      /* bytes that are cut off a path before the owner sees it */
	uint32_t len;       /* of `path` */
	bool owed;          /* an event was not queued: one for `path` is due (see connection.h) */
	const char *token;  /* in the same block */
	char path[];        /* absolute, or special */
};

#define WATCH_INTRODUCE "@introduceDomain"
#define WATCH_RELEASE   "@releaseDomain"

/*
 * The longest token, in bytes: with the longest path it still fits into an event.
 */
#define WATCH_TOKEN_MAX 1022

/*
 * `given` is the path as the domain wrote it, `path` what store_path_resolve made of it (or the
 * same, for a special one). NULL without memory.
 */
struct watch *watch_make(const char *given, const char *path, const char *token);

/* Where the watch with that path and token hangs in the list; NULL if there is none. */
struct watch **watch_find(struct watch **list, const char *path, const char *token);

/*
 * True: it cannot match a change of this path (len bytes long) that removes nothing. Most of many
 * watches end here: each domain has some.
 */
static inline bool watch_is_elsewhere(const struct watch *watch, const char *path, size_t len)
{
	if (watch->len > len)
		return true;
	return watch->len > 1 && path[watch->len] && path[watch->len] != '/';
}

/*
 * The path that the owner is to be told if `change` was made, as its own paths are: that of the
 * change if at or below the watch's; the watch's own if that vanished with what was removed. NULL
 * if it is none of his business, or if `who` may not know of it. `old` is the root before the
 * change, needed for removals and permissions, else NULL.
 */
const char *watch_match(const struct watch *watch, const struct actor *who,
			const struct change *change, struct node *old, const struct store *now);
