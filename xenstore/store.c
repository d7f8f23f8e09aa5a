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

/* The first steps of a path that goes through the hint's directory. */
static const struct node *hint_follow(const struct store *store, const char *path,
				      struct trail *trail)
{
	const struct hint *hint = &store->hint;
	const struct node *node = store->root;

	trail->steps = 0;
	trail->rest = trail->beyond = path;
	if (!hint->steps || strncmp(path, hint->path, hint->len) || path[hint->len] != '/')
		return node;
	for (uint32_t i = 0; i < hint->steps; i++)
		node = node->child[trail->at[i] = hint->at[i]];
	trail->steps = hint->steps;
	trail->rest = trail->beyond = path + hint->len;
	return node;
}

/* Children of the node behind so many steps have other places now. */
static void hint_check(struct store *store, uint32_t steps)
{
	if (store->hint.steps > steps)
		store->hint.steps = 0;
}

/* The trail's last node got a child. */
static void hint_set(struct store *store, const char *path, const struct trail *trail)
{
	struct hint *hint = &store->hint;
	size_t len = trail->rest - path;

	if (trail->steps > TRAIL_ROOM || len >= HINT_ROOM) {
		hint_check(store, trail->steps);
		return;
	}
	hint->steps = trail->steps;
	hint->len = len;
	memcpy(hint->path, path, len);
	memcpy(hint->at, trail->at, trail->steps * sizeof(*hint->at));
}

void store_walk(const struct store *store, const char *path, struct trail *trail)
{
	const struct node *node = hint_follow(store, path, trail);
	const char *at = trail->rest, *name;
	uint32_t steps = trail->steps, index;
	size_t len;

	while ((name = store_path_component(&at, &len))) {
		if (!node_index(node, name, len, &index)) {
			trail->gap = index;
			break;
		}
		node = node->child[index];
		trail->rest = at;
		if (steps < TRAIL_ROOM) {
			trail->at[steps] = index;
			trail->beyond = at;
		}
		steps++;
	}
	if (!name)
		trail->rest = "";
	trail->node = node;
	trail->steps = steps;
}

const struct node *store_nearest(const struct store *store, const char *path, const char **rest)
{
	struct trail trail;

	store_walk(store, path, &trail);
	*rest = trail.rest;
	return trail.node;
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

/* The node behind so many steps of the trail, with all above it ours to change. */
static struct node *store_own(struct store *store, const struct trail *trail, uint32_t steps)
{
	struct node *node = node_own(&store->root), **slot;
	const char *at = trail->beyond, *name;
	size_t len;

	for (uint32_t i = 0; node && i < steps; i++) {
		if (i < TRAIL_ROOM) {
			slot = &node->child[trail->at[i]];
		} else {
			name = store_path_component(&at, &len);
			slot = node_child(node, name, len);
		}
		node = node_own(slot);
	}
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
			node_link(last, node, 0);
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

/* Make the missing components of a path below the trail's node, which permits it. */
static int store_create(struct store *store, const struct actor *who, const struct quota *quota,
			const struct change *change, const struct trail *trail)
{
	uint32_t count = component_count(trail->rest);
	struct perms *perms = perms_inherit(trail->node->perms, who);
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
	chain = chain_make(trail->rest, perms, change->value, store->gen + 1);
	if (!chain)
		goto out;
	parent = store_own(store, trail, trail->steps);
	if (!parent || node_reserve(parent))
		goto out;

	node_link(parent, chain, trail->gap);
	chain = NULL;
	parent->child_gen = ++store->gen;
	hint_set(store, change->path, trail);
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
		       const struct change *change, const struct trail *trail)
{
	const struct perms *perms = trail->node->perms;
	struct node *node;

	if (!(perms_allowed(perms, who) & XS_PERM_WRITE))
		return -EACCES;
	if (change->kind == CHANGE_MKDIR && !*trail->rest)
		return 0;
	if (size_beyond(quota, who, blob_len(change->value), perms->count))
		return -ENOSPC;
	if (*trail->rest)
		return store_create(store, who, quota, change, trail);
	node = store_own(store, trail, trail->steps);
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

static int store_rm(struct store *store, const struct actor *who, const struct change *change,
		    const struct trail *trail)
{
	const char *name = strrchr(change->path, '/') + 1;
	struct tally lost = { 0 };
	struct node *parent;
	int rc;

	if (!*name)
		return -EINVAL;
	if (!(perms_allowed(trail->node->perms, who) & XS_PERM_WRITE))
		return -EACCES;
	if (*trail->rest) /* Only the node itself may be missing, not its parent too. */
		return component_count(trail->rest) == 1 ? 0 : -ENOENT;
	rc = node_walk(change->path, trail->node, count_node, &lost);
	parent = rc ? NULL : store_own(store, trail, trail->steps - 1);
	if (!parent) {
		tally_free(&lost);
		return -ENOMEM;
	}
	node_unlink(parent, node_child(parent, name, strlen(name)));
	parent->child_gen = ++store->gen;
	hint_check(store, trail->steps - 1);
	for (uint32_t i = 0; i < lost.count; i++)
		tally_add(&store->tally, lost.entry[i].domid, -(int32_t)lost.entry[i].nodes);
	tally_free(&lost);
	return 1;
}

static int store_set_perms(struct store *store, const struct actor *who, const struct quota *quota,
			   const struct change *change, const struct trail *trail)
{
	const struct node *found = trail->node;
	uint16_t from, to = perms_owner(change->perms);
	struct node *node;
	bool counted = change->path[1]; /* all but the root */

	if (!(perms_allowed(found->perms, who) & XS_PERM_OWNER))
		return -EACCES;
	if (*trail->rest)
		return -ENOENT;
	from = perms_owner(found->perms);
	if (from != to && !who->privileged)
		return -EPERM;
	if (quota_beyond(quota->perms, change->perms->count, who) ||
	    size_beyond(quota, who, blob_len(found->value), change->perms->count))
		return -ENOSPC;
	if (tally_reserve(&store->tally, to))
		return -ENOMEM;
	node = store_own(store, trail, trail->steps);
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

int store_apply_at(struct store *store, const struct actor *who, const struct quota *quota,
		   const struct change *change, const struct trail *trail)
{
	switch (change->kind) {
	case CHANGE_WRITE:
	case CHANGE_MKDIR:
		return store_write(store, who, quota, change, trail);
	case CHANGE_RM:
		return store_rm(store, who, change, trail);
	case CHANGE_PERMS:
		return store_set_perms(store, who, quota, change, trail);
	}
	return -EINVAL;
}

int store_apply(struct store *store, const struct actor *who, const struct quota *quota,
		const struct change *change)
{
	struct trail trail;

	store_walk(store, change->path, &trail);
	return store_apply_at(store, who, quota, change, &trail);
}
