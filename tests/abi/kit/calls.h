/* SPDX-License-Identifier: MIT */
/* Operations that do no harm, with arguments that are right: for tests of where arguments lie. */
#pragma once

#include "kit.h"

struct call {
	const char *name;
	unsigned int nr, command, size;
	bool answers; /* writes into the argument */
	bool privileged;
	union {
		domid_t domid;
		struct xen_machphys_mapping mapping;
		struct xen_platform_parameters parameters;
		struct vcpu_runstate_info runstate;
		struct evtchn_alloc_unbound alloc;
		struct evtchn_status status;
		struct evtchn_bind_vcpu bind;
		struct xen_feature_info feature;
		struct gnttab_query_size query;
		struct gnttab_get_version version;
		struct physdev_set_iopl iopl;
		struct sched_poll poll;
		struct vcpu_set_singleshot_timer timer;
		struct xen_domctl domctl;
		struct xen_sysctl sysctl;
		struct xen_platform_op platform;
		struct multicall_entry multicall;
		struct mmuext_op mmuext;
		struct mmu_update update;
	} u;
};

#define CALL(hypercall, cmd, field, out) \
	.name = #hypercall " " #cmd, .nr = __HYPERVISOR_##hypercall, .command = cmd,          \
	.size = sizeof(((struct call *)0)->u.field), .answers = (out)

static const struct call calls[] = {
	{ CALL(event_channel_op, EVTCHNOP_alloc_unbound, alloc, true),
	  .u.alloc = { DOMID_SELF, DOMID_SELF, 0 } },
	{ CALL(event_channel_op, EVTCHNOP_status, status, true),
	  .u.status = { .dom = DOMID_SELF, .port = 0 } },
	{ CALL(memory_op, XENMEM_maximum_gpfn, domid, false), .u.domid = DOMID_SELF },
	{ CALL(memory_op, XENMEM_machphys_mapping, mapping, true) },
	{ CALL(xen_version, XENVER_get_features, feature, true) },
	{ CALL(xen_version, XENVER_platform_parameters, parameters, true) },
	{ CALL(grant_table_op, GNTTABOP_query_size, query, true), .u.query.dom = DOMID_SELF },
	{ CALL(grant_table_op, GNTTABOP_get_version, version, true),
	  .u.version.dom = DOMID_SELF },
	{ CALL(physdev_op, PHYSDEVOP_set_iopl, iopl, false) },
	{ CALL(sched_op, SCHEDOP_poll, poll, false), .u.poll.timeout = 1 },
	{ CALL(vcpu_op, VCPUOP_get_runstate_info, runstate, true) },
	{ CALL(vcpu_op, VCPUOP_set_singleshot_timer, timer, false),
	  .u.timer.timeout_abs_ns = ~0UL >> 1 },
	{ CALL(multicall, 0, multicall, true),
	  .u.multicall = { .op = __HYPERVISOR_xen_version, .args = { XENVER_pagesize } } },
	{ CALL(mmuext_op, MMUEXT_TLB_FLUSH_LOCAL, mmuext, false),
	  .u.mmuext.cmd = MMUEXT_TLB_FLUSH_LOCAL },
	{ CALL(domctl, XEN_DOMCTL_getdomaininfo, domctl, true), .privileged = true,
	  .u.domctl = { XEN_DOMCTL_getdomaininfo, XEN_DOMCTL_INTERFACE_VERSION } },
	{ CALL(sysctl, XEN_SYSCTL_physinfo, sysctl, true), .privileged = true,
	  .u.sysctl = { XEN_SYSCTL_physinfo, XEN_SYSCTL_INTERFACE_VERSION } },
	{ CALL(platform_op, XENPF_get_cpuinfo, platform, true), .privileged = true,
	  .u.platform = { XENPF_get_cpuinfo, XENPF_INTERFACE_VERSION } },
};

/* The call with its argument at that address, where the caller has put it. */
static inline long call_at(const struct call *c, void *at)
{
	switch (c->nr) {
	case __HYPERVISOR_vcpu_op:
		return hypercall_nr(c->nr, c->command, 0, at);
	case __HYPERVISOR_grant_table_op:
		return hypercall_nr(c->nr, c->command, at, 1);
	case __HYPERVISOR_domctl:
	case __HYPERVISOR_sysctl:
	case __HYPERVISOR_platform_op:
		return hypercall_nr(c->nr, at);
	case __HYPERVISOR_multicall:
		return hypercall_nr(c->nr, at, 1);
	case __HYPERVISOR_mmuext_op:
		return hypercall_nr(c->nr, at, 1, 0, DOMID_SELF);
	default:
		return hypercall_nr(c->nr, c->command, at);
	}
}

static inline void call_put(const struct call *c, char *at)
{
	const char *from = (const char *)&c->u;

	for (unsigned int i = 0; i < c->size; i++)
		at[i] = from[i];
}

/* What only dom0 may do says less in a domU. */
static inline bool call_permitted(const struct call *c)
{
	return is_dom0() || !c->privileged;
}
