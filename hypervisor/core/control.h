/* SPDX-License-Identifier: MIT */
/*
 * What the toolstack's operations share: maps of processors and of other things, as bitmaps of
 * bytes.
 */
#pragma once

#include "domain.h"

/* A bitmap of at most 64 bits from or to the guest. 0, -EFAULT. */
int bitmap_in(const struct xenctl_bitmap *map, uint64_t *bits);
int bitmap_out(const struct xenctl_bitmap *map, uint64_t bits, unsigned nr);

/*
 * The sub-operations that stand in files of their own. They work on a copy of the argument; *back:
 * it goes back to the guest. -ENOSYS: not theirs.
 */
long domctl_vcpu(struct domain *d, struct xen_domctl *op, bool *back);
long domctl_frames(struct domain *d, struct xen_domctl *op, bool *back);
long domctl_access(struct domain *d, struct xen_domctl *op);
