/* SPDX-License-Identifier: MIT */
/*
 * Grant tables, version 1 (<xen/grant_table.h>). Status words are read once and changed by cmpxchg.
 */
#pragma once

#include "lib/types.h"
#include "types.h"
#include "spinlock.h"
#include <xen/grant_table.h>

struct domain;

int grant_init(struct domain *d, uint32_t max_frames, uint32_t max_maptrack); /* -ENOMEM */
/* Release every mapping that d holds of others (part of domain_kill); -ERESTART. */
int grant_release_maps(struct domain *d);
void grant_share(
	struct domain *d); /* its frames become d's to map, once d is in the list of domains */
void grant_unshare(struct domain *d);
int grant_grow(struct domain *d,
	       uint32_t frames); /* at least so many; -EINVAL over its limit, -ENOMEM */
spinlock_t *grant_lock(struct domain *d, bool unmap); /* for the statistic */
uint32_t grant_max_frames(const struct domain *d);
mfn_t grant_table_mfn(struct domain *d,
		      uint32_t frame); /* of the table itself, grown to it; MFN_NONE */
void grant_destroy(struct domain *d);  /* idempotent */
long do_grant_table_op(unsigned cmd, void *uop, unsigned count);
