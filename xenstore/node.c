/* SPDX-License-Identifier: MIT */
/* Nodes of the store's tree: reference counts, copies, ordered children, walks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xenstore/node.h"
#include "xenstore/path.h"

/*
 * Why copies: a transaction needs the store as it was, and a change that fails half-way must leave
 * no trace. Both come for nothing if a version of the tree is a pointer to its root and nodes that
 * others refer to are never changed. A change to /a/b then copies "/", a and b, and shares all the
 * rest with the older versions; while there are none, all counts are 1 and nothing is copied.
 *
 * Paths may be 1,500 components deep, and stacks here are small: nothing in this file recurses.
 */

struct blob *blob_make(const void *data, size_t len)
{
	struct blob *blob = len ? malloc(sizeof(*blob) + len) : NULL;

	if (!blob)
		return NULL;
	blob->refs = 1;
	blob->len = len;
	memcpy(blob->data, data, len);
	return blob;
}

struct blob *blob_get(struct blob *blob)
{
	if (blob)
		blob->refs++;
	return blob;
}

void blob_put(struct blob *blob)
{
	if (blob && !--blob->refs)
		free(blob);
}

struct node *node_make(const char *name, size_t len, struct perms *perms)
{
	struct node *node = calloc(1, sizeof(*node) + len + 1);

	if (!node)
		return NULL;
	node->refs = 1;
	node->perms = perms_get(perms);
	node->name_len = len;
	node->key = name_key(name, len);
	memcpy(node->name, name, len);
	return node;
}

struct node *node_get(struct node *node)
{
	node->refs++;
	return node;
}

/* Drop a reference; a node that nobody needs goes on the list of the dead. */
static void node_drop(struct node *node, struct node **dead)
{
	if (--node->refs)
		return;
	blob_put(node->value);
	node->next_dead = *dead;
	*dead = node;
}

void node_put(struct node *node)
{
	struct node *dead = NULL;

	if (node)
		node_drop(node, &dead);
	while ((node = dead)) {
		dead = node->next_dead;
		for (uint32_t i = 0; i < node->count; i++)
			node_drop(node->child[i], &dead);
		free(node->child);
		perms_put(node->perms);
		free(node);
	}
}

struct node *node_own(struct node **slot)
{
	struct node *old = *slot, *new;

	if (old->refs == 1)
		return old;
	new = node_make(old->name, old->name_len, old->perms);
	if (!new)
		return NULL;
	if (old->count) {
		new->child = malloc(old->count * sizeof(*new->child));
		if (!new->child) {
			node_put(new);
			return NULL;
		}
		new->room = old->count;
	}
	for (uint32_t i = 0; i < old->count; i++)
		new->child[i] = node_get(old->child[i]);
	new->count = old->count;
	new->value = blob_get(old->value);
	new->gen = old->gen;
	new->child_gen = old->child_gen;
	old->refs--;
	*slot = new;
	return new;
}

/* As strcmp. */
static int name_compare(uint64_t key, const char *name, size_t len, const struct node *node)
{
	size_t common = MIN(len, (size_t)node->name_len);

	if (key != node->key)
		return key < node->key ? -1 : 1;
	for (size_t i = sizeof(key); i < common; i++) {
		if (name[i] != node->name[i])
			return (uint8_t)name[i] - (uint8_t)node->name[i];
	}
	return (int)len - node->name_len;
}

bool node_index(const struct node *node, const char *name, size_t len, uint32_t *index)
{
	uint32_t low = 0, high = node->count;
	uint64_t key = name_key(name, len);

	while (low < high) {
		uint32_t mid = (low + high) / 2;
		int order = name_compare(key, name, len, node->child[mid]);

		if (!order) {
			*index = mid;
			return true;
		}
		if (order > 0)
			low = mid + 1;
		else
			high = mid;
	}
	*index = low;
	return false;
}

struct node **node_child(const struct node *node, const char *name, size_t len)
{
	uint32_t i;

	return node_index(node, name, len, &i) ? &node->child[i] : NULL;
}

int node_reserve(struct node *node)
{
	uint32_t room = node->room ? node->room * 2 : 4;
	struct node **child;

	if (node->count < node->room)
		return 0;
	child = realloc(node->child, room * sizeof(*child));
	if (!child)
		return -ENOMEM;
	node->child = child;
	node->room = room;
	return 0;
}

void node_link(struct node *node, struct node *child, uint32_t i)
{
	memmove(&node->child[i + 1], &node->child[i], (node->count - i) * sizeof(child));
	node->child[i] = child;
	node->count++;
}

void node_unlink(struct node *node, struct node **slot)
{
	struct node *child = *slot;
	uint32_t after = &node->child[--node->count] - slot;

	memmove(slot, slot + 1, after * sizeof(child));
	node_put(child);
}

/* Where a walk is: the node at each level, and which of its children comes next. */
struct walk {
	struct walk_level {
		const struct node *node;
		uint32_t next;
		uint32_t path_len; /* of the node's own path */
	} * level;
	uint32_t depth, room;
	char path[PATH_ROOM];
};

static int walk_enter(struct walk *walk, const struct node *node, uint32_t path_len)
{
	if (walk->depth == walk->room) {
		uint32_t room = walk->room ? walk->room * 2 : 16;
		struct walk_level *level = realloc(walk->level, room * sizeof(*level));

		if (!level)
			return -ENOMEM;
		walk->level = level;
		walk->room = room;
	}
	walk->level[walk->depth++] = (struct walk_level){ .node = node, .path_len = path_len };
	return 0;
}

/* The path of a child, appended to that of the level. Returns its length. */
static uint32_t walk_path(struct walk *walk, const struct walk_level *level,
			  const struct node *child)
{
	uint32_t len = level->path_len;

	if (walk->path[len - 1] != '/')
		walk->path[len++] = '/';
	memcpy(walk->path + len, child->name, child->name_len + 1);
	return len + child->name_len;
}

static int walk_below(struct walk *walk, node_visit *visit, void *arg)
{
	int rc = 0;

	while (walk->depth && rc >= 0) {
		struct walk_level *level = &walk->level[walk->depth - 1];
		const struct node *child;
		uint32_t len;

		if (level->next == level->node->count) {
			walk->depth--;
			continue;
		}
		child = level->node->child[level->next++];
		len = walk_path(walk, level, child);
		rc = visit(walk->path, child, arg);
		if (rc == WALK_ON && child->count)
			rc = walk_enter(walk, child, len);
	}
	return MIN(rc, 0);
}

int node_walk(const char *path, const struct node *top, node_visit *visit, void *arg)
{
	struct walk *walk = calloc(1, sizeof(*walk));
	size_t len = strlen(path);
	int rc;

	if (!walk)
		return -ENOMEM;
	memcpy(walk->path, path, len + 1);
	rc = visit(walk->path, top, arg);
	if (rc == WALK_ON)
		rc = walk_enter(walk, top, len);
	if (rc == 0)
		rc = walk_below(walk, visit, arg);
	free(walk->level);
	free(walk);
	return MIN(rc, 0);
}
