/* SPDX-License-Identifier: MIT */
/* The store: a tree of nodes, and the four changes that can be made to it. */
#pragma once

#include "xenstore/node.h"
#include "xenstore/quota.h"

#define TRAIL_ROOM 12 /* steps from the root that are remembered */
#define HINT_ROOM  64 /* bytes of a path */

/*
 * A version of the whole store. store_copy makes a second one in constant time (but for the tally):
 * both share all nodes, and each change copies the nodes from the root down to where it is made.
 */
struct store {
	struct node *root;
	uint64_t gen;       /* the last generation that was given out */
	struct tally tally; /* nodes of each owner; the root is not counted */

	/*
	 * The steps to the directory that was changed last, for the next change, which is mostly
	 * there again. They hold until a child comes or goes above it.
	 */
	struct hint {
		uint32_t steps;	 /* 0: none */
		uint32_t len;	 /* of the directory's path */
		char path[HINT_ROOM];
		uint32_t at[TRAIL_ROOM];
	} hint;
};

/* A store with nothing but the root, which is domain 0's alone. Returns 0 or -ENOMEM. */
int store_init(struct store *store);
int store_copy(struct store *to, const struct store *from);
void store_free(struct store *store);

/*
 * The last node on the way to a valid absolute path that exists. *rest is what follows it: "" if
 * the whole path does, else the missing components ("/b/c"); it is all of the path below the root.
 */
const struct node *store_nearest(const struct store *store, const char *path, const char **rest);

/*
 * The way of store_nearest: which child each step took. It holds until the tree changes, so one
 * walk serves to look, to note what was seen, and to change.
 */
struct trail {
	const struct node *node; /* the last one that exists */
	const char *rest;
	uint32_t steps;
	uint32_t gap;            /* where the first that is missing belongs among node's children */
	uint32_t at[TRAIL_ROOM]; /* of the first steps; later ones go by name */
	const char *beyond;      /* in the path: where those begin */
};
void store_walk(const struct store *store, const char *path, struct trail *trail);

/* The node at a valid absolute path, or NULL. */
const struct node *store_find(const struct store *store, const char *path);

/*
 * The node, if `who` has the access wanted (XS_PERM_*). Returns 0; -EACCES; -ENOENT if there is no
 * such node and `who` may know that, having the access to the nearest node above.
 */
int store_access(const struct store *store, const struct actor *who, const char *path,
		 unsigned int access, const struct node **found);

/* A value that tells versions of a node and its list of children apart. */
uint64_t node_generation(const struct node *node);

/* What can be done to a store, as a value: to do it, do it again at commit, and tell watchers. */
enum change_kind {
	CHANGE_WRITE, /* set the value; makes the node and all above it */
	CHANGE_MKDIR, /* make the node and all above it if it is not there */
	CHANGE_RM,    /* remove the node and all below it */
	CHANGE_PERMS, /* set the permissions of a node that is there */
};

struct change {
	enum change_kind kind;
	const char *path;    /* valid and absolute */
	struct blob *value;  /* CHANGE_WRITE */
	struct perms *perms; /* CHANGE_PERMS */
};

/*
 * Make a change, wholly or not at all. Returns 1 if the store changed, 0 if it was that way
 * already, or -EACCES, -ENOENT, -EINVAL (removing the root), -EPERM (giving a node away),
 * -ENOSPC (quota), -ENOMEM. The store takes its own references to value and permissions.
 */
int store_apply(struct store *store, const struct actor *who, const struct quota *quota,
		const struct change *change);
/* The same by a trail of change->path. */
int store_apply_at(struct store *store, const struct actor *who, const struct quota *quota,
		   const struct change *change, const struct trail *trail);
