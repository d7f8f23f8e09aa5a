/* SPDX-License-Identifier: MIT */
/* The control operations of the hypervisor that the toolstack uses. All return 0 or -errno. */
#pragma once

#include "guest/types.h"

#include <xen/domctl.h>
#include <xen/sysctl.h>

/* A new PV domain, paused and empty; *domid is chosen by the hypervisor. */
int hyper_create(const uint8_t uuid[16], unsigned int vcpus, uint32_t pool, domid_t *domid);
int hyper_max_memory(domid_t domid, uint64_t kib);
/* What the domain is told of its memory: one piece, from 0 on, with what it may get later. */
int hyper_memory_map(domid_t domid, uint64_t kib);
int hyper_info(domid_t domid, xen_domctl_getdomaininfo_t *info); /* -ESRCH */
int hyper_list(domid_t first, xen_domctl_getdomaininfo_t *infos, unsigned int max); /* how many */
int hyper_set_context(domid_t domid, unsigned int vcpu, struct vcpu_guest_context *context);
int hyper_hypercall_page(domid_t domid, uint64_t mfn);
int hyper_pause(domid_t domid);
int hyper_unpause(domid_t domid);
int hyper_destroy(domid_t domid); /* returns once it is dead */
int hyper_physinfo(struct xen_sysctl_physinfo *info);
/* The hypervisor's log, as far as it fits: the number of bytes. */
int hyper_read_log(char *buf, size_t size, bool clear);
int hyper_debug_keys(char *keys); /* not written to */
/* How much its locks were waited for in *ns: at most `max` of them, *n that there are. */
int hyper_lockprof(xen_sysctl_lockprof_data_t *locks, unsigned int max, unsigned int *n,
		   uint64_t *ns);
int hyper_lockprof_reset(void);
/*
 * The counters of hypercalls, "d3 mmu_update" (dom0/perf.c). *counters and *vals: how many there is
 * room for, then how many there are; without arrays only that. -ENOBUFS: too little room.
 */
int hyper_counters(xen_sysctl_perfc_desc_t *desc, xen_sysctl_perfc_val_t *val, uint32_t *counters,
		   uint32_t *vals);
int hyper_counters_reset(void);
int hyper_timing(bool on); /* of hypercalls, in all domains */
