/* SPDX-License-Identifier: MIT */
/* Control operations on schedulers, affinity and CPU pools. All return 0 or -errno. */
#pragma once

#include "dom0/cpus.h"
#include "dom0/hyper.h"

struct hyper_pool {
	uint32_t id, scheduler, domains; /* scheduler: XEN_SCHEDULER_* */
	uint64_t cpus;                   /* bit i: processor i */
};

int hyper_pool_next(uint32_t from, struct hyper_pool *pool); /* the first not below; -ENOENT */
int hyper_pool_free_cpus(uint64_t *cpus);
int hyper_pool_create(uint32_t scheduler, uint32_t *pool);
int hyper_pool_destroy(uint32_t pool);
int hyper_pool_cpu(uint32_t pool, unsigned int cpu, bool add);
int hyper_pool_move(uint32_t pool, domid_t domid);
/* These get, or set and get: -EINVAL where another scheduler has the pool or the domain. */
int hyper_pool_credit(uint32_t pool, bool set, struct xen_sysctl_credit_schedule *credit);
int hyper_credit(domid_t domid, bool set, struct xen_domctl_sched_credit *credit);
int hyper_rtds(domid_t domid, unsigned int vcpu, bool set, struct xen_domctl_sched_rtds *rtds);
int hyper_affinity(domid_t domid, unsigned int vcpu, uint64_t *hard, uint64_t *soft);
/*
 * Masks that are NULL stay; those that were set come back as they take effect. -EBUSY: the guest
 * has pinned it for now; force ends that.
 */
int hyper_set_affinity(domid_t domid, unsigned int vcpu, uint64_t *hard, uint64_t *soft,
		       bool force);
int hyper_vcpu(domid_t domid, unsigned int vcpu, struct xen_domctl_getvcpuinfo *info);
