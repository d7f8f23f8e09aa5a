/* SPDX-License-Identifier: MIT */
/* Nodes of the store's tree: shared between versions of the tree, copied before they change. */
#pragma once

#include "lib/types.h"
#include "xenstore/perms.h"

/* A value, shared and never changed. An empty value is NULL. */
struct blob {
	uint32_t refs;
	uint32_t len;
	char data[];
};

/*
 * refs counts the parents and trees that point here. While it is 1, and that of every node above
 * too, the node belongs to one tree and may be changed in place; otherwise it is frozen.
 * Both generations come from one counter of the tree and tell versions of a node apart: `gen` moves
 * with value and permissions, `child_gen` with the list of children (not with what is below them).
 */
struct node {
	uint32_t refs;
	uint32_t count, room; /* of child */
	uint64_t gen, child_gen;
	struct node **child; /* ordered by name; a reference each */
	struct perms *perms;
	union {
		struct blob *value;
		struct node *next_dead; /* while being freed */
	};
	uint64_t key; /* of the name: name_key */
	uint16_t name_len;
	char name[];
};

/*
 * The first eight bytes of a name as a number that orders names as their bytes do; what is shorter
 * is filled up with zeroes, which no name has. Only names longer than that have to be looked at
 * when the numbers are equal.
 */
static inline uint64_t name_key(const char *name, size_t len)
{
	uint64_t key = 0;
	size_t i;

	for (i = 0; i < len && i < sizeof(key); i++)
		key |= (uint64_t)(uint8_t)name[i] << (56 - 8 * i);
	return key;
}

/* One reference for the caller; NULL without memory, or for len 0 (which needs none). */
struct blob *blob_make(const void *data, size_t len);
struct blob *blob_get(struct blob *blob);
void blob_put(struct blob *blob);

static inline size_t blob_len(const struct blob *blob)
{
	return blob ? blob->len : 0;
}

/* A node without children or value; takes its own reference to perms. NULL without memory. */
struct node *node_make(const char *name, size_t len, struct perms *perms);
struct node *node_get(struct node *node);

/* Frees what nobody refers to any more, of any depth, without recursion. NULL is allowed. */
void node_put(struct node *node);

/*
 * Make *slot, a reference inside something that may change, refer to a node that nobody else refers
 * to: itself, or a copy. Returns the node; NULL without memory, then nothing changed.
 */
struct node *node_own(struct node **slot);

/* Where the child of that name is, NULL if there is none. */
struct node **node_child(const struct node *node, const char *name, size_t len);

/* True: *index is that of the child of this name. False: of the first whose name is above. */
bool node_index(const struct node *node, const char *name, size_t len, uint32_t *index);

/* Make sure that node_link cannot fail. Returns 0 or -ENOMEM. */
int node_reserve(struct node *node);

/*
 * Put in a child of a new name at its index, with the caller's reference; take one out, its
 * reference too.
 */
void node_link(struct node *node, struct node *child, uint32_t index);
void node_unlink(struct node *node, struct node **slot);

/*
 * Visit a node and all below it, parents first. The visitor returns what to do next; a negative
 * number ends the walk, which returns it. `path` is that of the node, valid during the call.
 */
#define WALK_ON   0
#define WALK_SKIP 1 /* not below this one */

typedef int node_visit(const char *path, const struct node *node, void *arg);

/* Returns 0, -ENOMEM, or what the visitor returned. `path`: that of `top`. */
int node_walk(const char *path, const struct node *top, node_visit *visit, void *arg);
