/* SPDX-License-Identifier: MIT */
/* The store: finding nodes and changing the tree. */
#include <errno.h>
#include <string.h>

#include "xenstore/path.h"
#include "xenstore/store.h"

/*
 * Every change follows one order: look and check on the tree as it is, allocate all that will be
 * needed, own the path (copy what other versions share, which changes nothing that can be seen),
 * then link, which cannot fail. So a change that is refused, or runs out of memory, leaves none.
 */

int store_init(struct store *store)
{
	const struct xs_perm nobody = { .domid = 0, .access = XS_PERM_NONE };
	struct perms *perms = perms_make(&nobody, 1);

	*store = (struct store){ 0 };
	if (perms)
		store->root = node_make("", 0, perms);
	perms_put(perms);
	return store->root ? 0 : -ENOMEM;
}

int store_copy(struct store *to, const struct store *from)
{
	*to = (struct store){ .gen = from->gen };
	if (tally_copy(&to->tally, &from->tally))
		return -ENOMEM;
	to->root = node_get(from->root);
	return 0;
}

void store_free(struct store *store)
{
	node_put(store->root);
	tally_free(&store->tally);
	*store = (struct store){ 0 };
}

const struct node *store_nearest(const struct store *store, const char *path, const char **rest)
{
	const struct node *node = store->root;
	const char *at = path, *name;
	size_t len;

	*rest = at;
	while ((name = store_path_component(&at, &len))) {
		struct node **child = node_child(node, name, len);

		if (!child)
			return node;
		node = *child;
		*rest = at;
	}
	*rest = "";
	return node;
}

const struct node *store_find(const struct store *store, const char *path)
{
	const char *rest;
	const struct node *node = store_nearest(store, path, &rest);

	return *rest ? NULL : node;
}

int store_access(const struct store *store, const struct actor *who, const char *path,
		 unsigned int access, const struct node **found)
{
	const char *rest;
	const struct node *node = store_nearest(store, path, &rest);

	if ((perms_allowed(node->perms, who) & access) != access)
		return -EACCES;
	if (*rest)
		return -ENOENT;
	*found = node;
	return 0;
}

uint64_t node_generation(const struct node *node)
{
	return MAX(node->gen, node->child_gen);
}

/* The node at the first `len` bytes of the path, which exists, with all above it ours to change. */
static struct node *store_own(struct store *store, const char *path, size_t len)
{
	struct node *node = node_own(&store->root);
	const char *at = path, *name;
	size_t name_len;

	while (node && at < path + len && (name = store_path_component(&at, &name_len)))
		node = node_own(node_child(node, name, name_len));
	return node;
}

/* A chain of new nodes, one for each component, each owning the next. NULL without memory. */
static struct node *chain_make(const char *components, struct perms *perms, struct blob *value,
			       uint64_t gen)
{
	struct node *top = NULL, *last = NULL;
	const char *name;
	size_t len;

	while ((name = store_path_component(&components, &len))) {
		struct node *node = node_make(name, len, perms);

		if (!node || (last && node_reserve(last))) {
			node_put(node);
			node_put(top);
			return NULL;
		}
		node->gen = node->child_gen = gen;
		if (last)
			node_link(last, node);
		else
			top = node;
		last = node;
	}
	if (last)
		last->value = blob_get(value);
	return top;
}

static uint32_t component_count(const char *path)
{
	uint32_t count = 0;
	size_t len;

	while (store_path_component(&path, &len))
		count++;
	return count;
}

/* Make the missing components of a path below `above`, who permits it. */
static int store_create(struct store *store, const struct actor *who, const struct quota *quota,
			const struct change *change, const struct node *above, const char *rest)
{
	uint32_t count = component_count(rest);
	struct perms *perms = perms_inherit(above->perms, who);
	struct node *chain = NULL, *parent;
	int rc = -ENOMEM;
	uint16_t owner;

	if (!perms)
		return -ENOMEM;
	owner = perms_owner(perms);
	if (quota_beyond(quota->nodes, tally_nodes(&store->tally, owner) + count, who)) {
		rc = -ENOSPC;
		goto out;
	}
	if (tally_reserve(&store->tally, owner))
		goto out;
	chain = chain_make(rest, perms, change->value, store->gen + 1);
	if (!chain)
		goto out;
	parent = store_own(store, change->path, rest - change->path);
	if (!parent || node_reserve(parent))
		goto out;

	node_link(parent, chain);
	chain = NULL;
	parent->child_gen = ++store->gen;
	tally_add(&store->tally, owner, count);
	rc = 1;
out:
	node_put(chain);
	perms_put(perms);
	return rc;
}

static bool size_beyond(const struct quota *quota, const struct actor *who, size_t value_len,
			uint32_t perms)
{
	return quota_beyond(quota->size, value_len + perms * sizeof(struct xs_perm), who);
}

static int store_write(struct store *store, const struct actor *who, const struct quota *quota,
		       const struct change *change)
{
	const char *rest;
	const struct node *above = store_nearest(store, change->path, &rest);
	struct node *node;

	if (!(perms_allowed(above->perms, who) & XS_PERM_WRITE))
		return -EACCES;
	if (change->kind == CHANGE_MKDIR && !*rest)
		return 0;
	if (size_beyond(quota, who, blob_len(change->value), above->perms->count))
		return -ENOSPC;
	if (*rest)
		return store_create(store, who, quota, change, above, rest);
	node = store_own(store, change->path, strlen(change->path));
	if (!node)
		return -ENOMEM;
	blob_put(node->value);
	node->value = blob_get(change->value);
	node->gen = ++store->gen;
	return 1;
}

static int count_node(const char *path, const struct node *node, void *arg)
{
	uint16_t owner = perms_owner(node->perms);
	int rc = tally_reserve(arg, owner);

	(void)path;
	if (!rc)
		tally_add(arg, owner, 1);
	return rc;
}

static int store_rm(struct store *store, const struct actor *who, const struct change *change)
{
	size_t parent_len = strrchr(change->path, '/') - change->path;
	struct tally lost = { 0 };
	const struct node *node;
	const char *rest, *name = change->path + parent_len + 1;
	struct node *parent;
	int rc;

	if (!*name)
		return -EINVAL;
	node = store_nearest(store, change->path, &rest);
	if (!(perms_allowed(node->perms, who) & XS_PERM_WRITE))
		return -EACCES;
	if (*rest) /* Only the node itself may be missing, not its parent too. */
		return component_count(rest) == 1 ? 0 : -ENOENT;
	rc = node_walk(change->path, node, count_node, &lost);
	parent = rc ? NULL : store_own(store, change->path, parent_len);
	if (!parent) {
		tally_free(&lost);
		return -ENOMEM;
	}
	node_unlink(parent, node_child(parent, name, strlen(name)));
	parent->child_gen = ++store->gen;
	for (uint32_t i = 0; i < lost.count; i++)
		tally_add(&store->tally, lost.entry[i].domid, -(int32_t)lost.entry[i].nodes);
	tally_free(&lost);
	return 1;
}

static int store_set_perms(struct store *store, const struct actor *who, const struct quota *quota,
			   const struct change *change)
{
	const struct node *found = NULL;
	uint16_t from, to = perms_owner(change->perms);
	struct node *node;
	bool counted = change->path[1]; /* all but the root */
	int rc = store_access(store, who, change->path, XS_PERM_OWNER, &found);

	if (rc)
		return rc;
	from = perms_owner(found->perms);
	if (from != to && !who->privileged)
		return -EPERM;
	if (quota_beyond(quota->perms, change->perms->count, who) ||
	    size_beyond(quota, who, blob_len(found->value), change->perms->count))
		return -ENOSPC;
	if (tally_reserve(&store->tally, to))
		return -ENOMEM;
	node = store_own(store, change->path, strlen(change->path));
	if (!node)
		return -ENOMEM;
	if (counted) {
		tally_add(&store->tally, to, 1);
		tally_add(&store->tally, from, -1);
	}
	perms_put(node->perms);
	node->perms = perms_get(change->perms);
	node->gen = ++store->gen;
	return 1;
}

int store_apply(struct store *store, const struct actor *who, const struct quota *quota,
		const struct change *change)
{
	switch (change->kind) {
	case CHANGE_WRITE:
	case CHANGE_MKDIR:
		return store_write(store, who, quota, change);
	case CHANGE_RM:
		return store_rm(store, who, change);
	case CHANGE_PERMS:
		return store_set_perms(store, who, quota, change);
	}
	return -EINVAL;
}
