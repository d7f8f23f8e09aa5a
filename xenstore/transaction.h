/* SPDX-License-Identifier: MIT */
/* Transactions: changes to a version of the store of one's own, that take effect all or none. */
#pragma once

#include "xenstore/store.h"

/* What a transaction learned of a path, and so must find unchanged when it commits. */
#define SEEN_EXISTENCE 0u /* only whether there is such a node: part of all others */
#define SEEN_NODE      1u /* its value and permissions */
#define SEEN_CHILDREN  2u /* the list of its children */
#define SEEN_TREE      4u /* everything below it: it removed it */

struct transaction {
	struct transaction *next; /* of the same connection */
	uint32_t id;
	struct node *base; /* the store when it began; frozen, having this reference */
	struct store work; /* what it sees and changes */
	struct seen {
		char *path;
		unsigned int what; /* SEEN_* */
	} * seen;                  /* ordered by path */
	uint32_t seen_count, seen_room;
	struct absent {
		const char *path; /* of `seen`; NULL: none */
		size_t len;
	} absent[2]; /* what the store had not when it began, the last two that were seen */
	struct change *change; /* in order; own copies of paths, own references */
	uint32_t change_count, change_room;
	uint32_t bytes; /* of values in change */
};

/* NULL without memory. */
struct transaction *transaction_start(const struct store *store, uint32_t id);
void transaction_free(struct transaction *tx);

/* Remember that the path was looked at. Returns 0, -ENOSPC (quota) or -ENOMEM. */
int transaction_see(struct transaction *tx, const struct actor *who, const struct quota *quota,
		    const char *path, unsigned int what);

/* store_apply within the transaction, and the same results. */
int transaction_apply(struct transaction *tx, const struct actor *who, const struct quota *quota,
		      const struct change *change);

/*
 * Make the changes to the store itself, all or none. Returns 0; -EAGAIN if others changed what it
 * saw or did; -ENOSPC, -ENOMEM. The transaction stays, for its list of changes, until it is freed.
 */
int transaction_commit(struct transaction *tx, struct store *store, const struct actor *who,
		       const struct quota *quota);
