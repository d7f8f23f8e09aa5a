/* SPDX-License-Identifier: MIT */
/*
 * What the toolstack's operations share: maps of processors and of other things, as bitmaps of
 * bytes.
 */
#pragma once

#include "domain.h"

struct xen_sysctl_scheduler_op;
struct xen_sysctl_cpupool_op;
struct xen_sysctl_lockprof_op;

/* A bitmap of at most 64 bits from or to the guest. 0, -EFAULT. */
int bitmap_in(const struct xenctl_bitmap *map, uint64_t *bits);
int bitmap_out(const struct xenctl_bitmap *map, uint64_t bits, unsigned nr);

/*
 * The lock of domctl, and of sysctl's operations on schedulers and pools: false where somebody has
 * it, and then the guest comes again.
 */
bool control_begin(void);
void control_end(void);

/*
 * The sub-operations that stand in files of their own. They work on a copy of the argument; *back:
 * it goes back to the guest. -ENOSYS: not theirs.
 */
long domctl_vcpu(struct domain *d, struct xen_domctl *op, bool *back);
long domctl_frames(struct domain *d, struct xen_domctl *op, bool *back);
long domctl_access(struct domain *d, struct xen_domctl *op);

/* core/sched_control.c and cpupool.c, on a copy of the argument too, with the lock. */
long domctl_scheduler(struct domain *d, struct xen_domctl_scheduler_op *op);
long domctl_affinity(struct domain *d, const struct xen_domctl_vcpuaffinity *a, bool set);
long sysctl_scheduler(struct xen_sysctl_scheduler_op *op);
long sysctl_cpupool(struct xen_sysctl_cpupool_op *op); /* -ERESTART: call again */
uint32_t sysctl_sched_id(void);
long sysctl_lockprof(struct xen_sysctl_lockprof_op *op); /* core/lockprof.c */
