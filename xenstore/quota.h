/* SPDX-License-Identifier: MIT */
/* What an unprivileged domain may use of the store, and the count of nodes that each one owns. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xenstore/perms.h"

/* Limits for each domain; 0 is none. The privileged domain has no limits. */
struct quota {
	uint32_t nodes; /* nodes that it owns */
	uint32_t size;  /* bytes of a node's value and permissions */
	uint32_t perms; /* entries of a node's permissions */
	uint32_t watches;
	uint32_t transactions; /* open at once */
	uint32_t tx_nodes;     /* paths that one touches, and changes that it makes */
	uint32_t tx_size;      /* bytes that one writes */
	uint32_t outstanding;  /* answers and events that it has not fetched */
};

void quota_init(struct quota *quota);

/* True if a limit is set and `value` is beyond it, for those whom it binds. */
bool quota_beyond(uint32_t limit, uint32_t value, const struct actor *who);

/* The i-th limit by name, for listing; NULL past the last. */
const char *quota_name(unsigned int i);

/* The limit of that name, or NULL. */
uint32_t *quota_find(struct quota *quota, const char *name);

/* How many nodes each domain owns. Domains with none have no entry. */
struct tally {
	struct tally_entry {
		uint16_t domid;
		uint32_t nodes;
	} * entry; /* ordered by domid */
	uint32_t count, room;
};

void tally_free(struct tally *tally);

/* Returns 0 or -ENOMEM. */
int tally_copy(struct tally *to, const struct tally *from);

uint32_t tally_nodes(const struct tally *tally, uint16_t domid);

/* Make sure that tally_add for this domain cannot fail. Returns 0 or -ENOMEM. */
int tally_reserve(struct tally *tally, uint16_t domid);
void tally_add(struct tally *tally, uint16_t domid, int32_t nodes);
