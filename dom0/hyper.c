/* SPDX-License-Identifier: MIT */
/* Typed domctl and sysctl. */
#include "dom0/hyper.h"

#include <string.h>

#include "guest/hypercall.h"

#define EVTCHN_PORTS_MAX 1023U

int hyper_create(const uint8_t uuid[16], unsigned int vcpus, uint32_t pool, domid_t *domid)
{
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_createdomain,
		.u.createdomain = {
			.max_vcpus = vcpus,
			.cpupool_id = pool,
			.max_evtchn_port = EVTCHN_PORTS_MAX,
			.max_grant_frames = -1,
			.max_maptrack_frames = -1,
			.grant_opts = XEN_DOMCTL_GRANT_version(1),
		},
	};
	long err;

	memcpy(op.u.createdomain.handle, uuid, 16);
	err = hypercall_domctl(&op);
	if (err)
		return (int)err;
	*domid = op.domain;
	/* The first operation only reserves their numbers. */
	op.cmd = XEN_DOMCTL_max_vcpus;
	op.u.max_vcpus.max = vcpus;
	err = hypercall_domctl(&op);
	if (err)
		hyper_destroy(*domid);
	return (int)err;
}

static int simple(uint32_t cmd, domid_t domid)
{
	struct xen_domctl op = { .cmd = cmd, .domain = domid };

	return (int)hypercall_domctl(&op);
}

int hyper_max_memory(domid_t domid, uint64_t kib)
{
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_max_mem,
		.domain = domid,
		.u.max_mem.max_memkb = kib,
	};

	return (int)hypercall_domctl(&op);
}

int hyper_memory_map(domid_t domid, uint64_t kib)
{
	struct {
		uint64_t address, size;
		uint32_t type;
	} PACKED entry = { .size = kib << 10, .type = 1 /* RAM, as in BIOS's E820 */ };
	struct xen_foreign_memory_map map = { .domid = domid, .map.nr_entries = 1 };

	set_xen_guest_handle(map.map.buffer, &entry);
	return (int)hypercall_memory_op(XENMEM_set_memory_map, &map);
}

int hyper_info(domid_t domid, xen_domctl_getdomaininfo_t *info)
{
	int n = hyper_list(domid, info, 1);

	if (n < 0)
		return n;
	return n == 1 && info->domain == domid ? 0 : -ESRCH;
}

int hyper_list(domid_t first, xen_domctl_getdomaininfo_t *infos, unsigned int max)
{
	struct xen_sysctl op = {
		.cmd = XEN_SYSCTL_getdomaininfolist,
		.u.getdomaininfolist = { .first_domain = first, .max_domains = max },
	};
	long err;

	set_xen_guest_handle(op.u.getdomaininfolist.buffer, infos);
	err = hypercall_sysctl(&op);
	return err ? (int)err : (int)op.u.getdomaininfolist.num_domains;
}

int hyper_set_context(domid_t domid, unsigned int vcpu, struct vcpu_guest_context *context)
{
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_setvcpucontext,
		.domain = domid,
		.u.vcpucontext.vcpu = vcpu,
	};

	set_xen_guest_handle(op.u.vcpucontext.ctxt, context);
	return (int)hypercall_domctl(&op);
}

int hyper_hypercall_page(domid_t domid, uint64_t mfn)
{
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_hypercall_init,
		.domain = domid,
		.u.hypercall_init.gmfn = mfn,
	};

	return (int)hypercall_domctl(&op);
}

int hyper_pause(domid_t domid)
{
	return simple(XEN_DOMCTL_pausedomain, domid);
}

int hyper_unpause(domid_t domid)
{
	return simple(XEN_DOMCTL_unpausedomain, domid);
}

int hyper_destroy(domid_t domid)
{
	return simple(XEN_DOMCTL_destroydomain, domid);
}

int hyper_physinfo(struct xen_sysctl_physinfo *info)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_physinfo };
	long err = hypercall_sysctl(&op);

	*info = op.u.physinfo;
	return (int)err;
}

int hyper_read_log(char *buf, size_t size, bool clear)
{
	struct xen_sysctl op = {
		.cmd = XEN_SYSCTL_readconsole,
		.u.readconsole = { .clear = clear, .count = (uint32_t)size },
	};
	long err;

	set_xen_guest_handle(op.u.readconsole.buffer, buf);
	err = hypercall_sysctl(&op);
	return err ? (int)err : (int)op.u.readconsole.count;
}

int hyper_debug_keys(char *keys)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_debug_keys,
				 .u.debug_keys.nr_keys = (uint32_t)strlen(keys) };

	set_xen_guest_handle(op.u.debug_keys.keys, keys);
	return (int)hypercall_sysctl(&op);
}

int hyper_lockprof(xen_sysctl_lockprof_data_t *locks, unsigned int max, unsigned int *n,
		   uint64_t *ns)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_lockprof_op,
				 .u.lockprof_op = { .cmd = XEN_SYSCTL_LOCKPROF_query,
						    .max_elem = max } };
	long err;

	set_xen_guest_handle(op.u.lockprof_op.data, locks);
	err = hypercall_sysctl(&op);
	*n = op.u.lockprof_op.nr_elem;
	*ns = op.u.lockprof_op.time;
	return (int)err;
}

int hyper_lockprof_reset(void)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_lockprof_op,
				 .u.lockprof_op.cmd = XEN_SYSCTL_LOCKPROF_reset };

	return (int)hypercall_sysctl(&op);
}

int hyper_counters(xen_sysctl_perfc_desc_t *desc, xen_sysctl_perfc_val_t *val, uint32_t *counters,
		   uint32_t *vals)
{
	struct xen_sysctl op = {
		.cmd = XEN_SYSCTL_perfc_op,
		.u.perfc_op = { .cmd = XEN_SYSCTL_PERFCOP_query,
				.nr_counters = *counters,
				.nr_vals = *vals },
	};
	long err;

	set_xen_guest_handle(op.u.perfc_op.desc, desc);
	set_xen_guest_handle(op.u.perfc_op.val, val);
	err = hypercall_sysctl(&op);
	*counters = op.u.perfc_op.nr_counters;
	*vals = op.u.perfc_op.nr_vals;
	return (int)err;
}

int hyper_counters_reset(void)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_perfc_op,
				 .u.perfc_op.cmd = XEN_SYSCTL_PERFCOP_reset };

	return (int)hypercall_sysctl(&op);
}

int hyper_timing(bool on)
{
	struct xen_sysctl op = {
		.cmd = XEN_SYSCTL_tbuf_op,
		.u.tbuf_op.cmd = on ? XEN_SYSCTL_TBUFOP_enable : XEN_SYSCTL_TBUFOP_disable,
	};

	return (int)hypercall_sysctl(&op);
}
