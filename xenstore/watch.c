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

struct watch **watch_find(struct watch **list, const char *path, const char *token)
{
	for (; *list; list = &(*list)->next) {
		if (!strcmp((*list)->path, path) && !strcmp((*list)->token, token))
			return list;
	}
	return NULL;
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
