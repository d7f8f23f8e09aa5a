/* SPDX-License-Identifier: MIT */
/* sysctl: what the toolstack asks about the machine (<xen/sysctl.h>). */
#include "access.h"
#include <xen/sysctl.h>

#include "block.h"
#include "console.h"
#include "control.h"
#include "hypercall.h"
#include "memory.h"
#include "perf.h"
#include "sched.h"
#include "x86.h"
#include "lib/string.h"

#define LOG_CHUNK     256
#define KEYS_MAX      64
#define NODE_DISTANCE 10
#define E820_RAM      1

/* Clearing forgets only what was read. */
static long op_readconsole(struct xen_sysctl_readconsole *r)
{
	uint32_t index = r->incremental ? r->index : 0, done = 0;
	char text[LOG_CHUNK];
	size_t n;

	while (done < r->count) {
		n = console_read_log(text, MIN(r->count - done, (uint32_t)sizeof(text)), &index);
		if (!n)
			break;
		if (copy_to_guest(r->buffer.p + done, text, n))
			return -EFAULT;
		done += (uint32_t)n;
	}
	if (r->clear)
		console_clear_log(index);
	r->index = index;
	r->count = done;
	return 0;
}

static uint64_t ram_pages(void)
{
	uint64_t bytes = 0;
	unsigned i;

	for (i = 0; i < e820_count; i++)
		bytes += e820[i].type == E820_RAM ? e820[i].size : 0;
	return bytes >> PAGE_SHIFT;
}

static long op_physinfo(struct xen_sysctl_physinfo *p)
{
	uint32_t regs[4];

	memset(p, 0, sizeof(*p));
	p->threads_per_core = p->cores_per_socket = 1;
	p->nr_cpus = nr_cpus;
	p->max_cpu_id = nr_cpus - 1;
	p->nr_nodes = 1;
	p->cpu_khz = time_tsc_khz();
	p->capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1;
	p->total_pages = ram_pages();
	p->free_pages = frames_free();
	p->scrub_pages = 0; /* dirty frames are free all the same: allocation cleans them */
	p->outstanding_pages = block_claimed();
	p->max_mfn = max_mfn - 1;
	cpuid(1, 0, regs);
	p->hw_cap[0] = regs[3];
	p->hw_cap[1] = regs[2];
	cpuid(0x80000001, 0, regs);
	p->hw_cap[2] = regs[3];
	p->hw_cap[3] = regs[2];
	cpuid(7, 0, regs);
	p->hw_cap[5] = regs[1];
	p->hw_cap[6] = regs[2];
	return 0;
}

static long op_domains(struct xen_sysctl_getdomaininfolist *l)
{
	struct xen_domctl_getdomaininfo info;
	domid_t from = l->first_domain;
	struct domain *d;
	uint32_t n;

	for (n = 0; n < l->max_domains; n++) {
		d = domain_get_next(from);
		if (!d)
			break;
		from = (domid_t)(d->id + 1);
		domain_info(d, &info);
		domain_put(d);
		if (copy_to_guest(l->buffer.p + n, &info, sizeof(info)))
			return -EFAULT;
	}
	l->num_domains = n;
	return 0;
}

static long op_cpuinfo(struct xen_sysctl_getcpuinfo *g)
{
	struct xen_sysctl_cpuinfo info;
	uint32_t i;

	for (i = 0; i < MIN(g->max_cpus, (uint32_t)nr_cpus); i++) {
		info.idletime = sched_idle_time(cpus[i]);
		if (copy_to_guest(g->info.p + i, &info, sizeof(info)))
			return -EFAULT;
	}
	g->nr_cpus = i;
	return 0;
}

/* Without a buffer, and with one too small, the number that there are. */
static long op_topology(struct xen_sysctl_cputopoinfo *t)
{
	struct xen_sysctl_cputopo topo = { 0 };
	uint32_t i;

	for (i = 0; t->cputopo.p && i < MIN(t->num_cpus, (uint32_t)nr_cpus); i++) {
		topo.socket = i; /* each processor as one of its own */
		if (copy_to_guest(t->cputopo.p + i, &topo, sizeof(topo)))
			return -EFAULT;
	}
	t->num_cpus = nr_cpus;
	return 0;
}

static long op_numa(struct xen_sysctl_numainfo *n)
{
	struct xen_sysctl_meminfo mem = { frames_total() << PAGE_SHIFT, frames_free()
										<< PAGE_SHIFT };
	uint32_t distance = NODE_DISTANCE;

	if (n->num_nodes && n->meminfo.p && copy_to_guest(n->meminfo.p, &mem, sizeof(mem)))
		return -EFAULT;
	if (n->num_nodes && n->distance.p &&
	    copy_to_guest(n->distance.p, &distance, sizeof(distance)))
		return -EFAULT;
	n->num_nodes = 1;
	return 0;
}

static long op_availheap(struct xen_sysctl_availheap *a)
{
	if (a->node > 0)
		a->avail_bytes = 0;
	else
		a->avail_bytes = block_free_in(a->min_bitwidth, a->max_bitwidth) << PAGE_SHIFT;
	return 0;
}

static long op_keys(const struct xen_sysctl_debug_keys *k)
{
	uint32_t i;
	char c;

	for (i = 0; i < MIN(k->nr_keys, (uint32_t)KEYS_MAX); i++) {
		if (copy_from_guest(&c, k->keys.p + i, 1))
			return -EFAULT;
		console_key(c);
	}
	return 0;
}

static long with_domains(struct xen_sysctl *op)
{
	switch (op->cmd) {
	case XEN_SYSCTL_cpupool_op:
		return sysctl_cpupool(&op->u.cpupool_op);
	case XEN_SYSCTL_scheduler_op:
		return sysctl_scheduler(&op->u.scheduler_op);
	case XEN_SYSCTL_perfc_op:
		return sysctl_perfc(&op->u.perfc_op);
	default:
		return sysctl_tbuf(&op->u.tbuf_op);
	}
}

/* Not beside another operation on domains or pools. -ERESTART: later. */
static long op_with_domains(struct xen_sysctl *op)
{
	long rc;

	if (!control_begin())
		return -ERESTART;
	rc = with_domains(op);
	control_end();
	return rc;
}

static long sysctl_run(struct xen_sysctl *op)
{
	switch (op->cmd) {
	case XEN_SYSCTL_readconsole:
		return op_readconsole(&op->u.readconsole);
	case XEN_SYSCTL_physinfo:
		return op_physinfo(&op->u.physinfo);
	case XEN_SYSCTL_sched_id:
		op->u.sched_id.sched_id = sysctl_sched_id();
		return 0;
	case XEN_SYSCTL_getdomaininfolist:
		return op_domains(&op->u.getdomaininfolist);
	case XEN_SYSCTL_getcpuinfo:
		return op_cpuinfo(&op->u.getcpuinfo);
	case XEN_SYSCTL_cputopoinfo:
		return op_topology(&op->u.cputopoinfo);
	case XEN_SYSCTL_numainfo:
		return op_numa(&op->u.numainfo);
	case XEN_SYSCTL_availheap:
		return op_availheap(&op->u.availheap);
	case XEN_SYSCTL_lockprof_op:
		return sysctl_lockprof(&op->u.lockprof_op);
	case XEN_SYSCTL_debug_keys:
		return op_keys(&op->u.debug_keys);
	case XEN_SYSCTL_cpupool_op:
	case XEN_SYSCTL_scheduler_op:
	case XEN_SYSCTL_perfc_op:
	case XEN_SYSCTL_tbuf_op:
		return op_with_domains(op);
	default:
		return -ENOSYS;
	}
}

long do_sysctl(struct xen_sysctl *u)
{
	struct xen_sysctl op;
	long rc;

	if (copy_from_guest(&op, u, sizeof(op)))
		return -EFAULT;
	if (op.interface_version != XEN_SYSCTL_INTERFACE_VERSION)
		return -EACCES;
	if (!current->domain->privileged)
		return -EPERM;
	rc = sysctl_run(&op);
	if (rc == -ERESTART)
		return hypercall_continue(__HYPERVISOR_sysctl, 1, u);
	if (!rc && copy_to_guest(u, &op, sizeof(op)))
		rc = -EFAULT;
	return rc;
}
