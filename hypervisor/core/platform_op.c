/* SPDX-License-Identifier: MIT */
/*
 * platform_op: dom0 as the machine's operating system: its clock, its processors
 * (<xen/platform.h>).
 */
#include "access.h"
#include <xen/platform.h>

#include "console.h"
#include "control.h"
#include "hypercall.h"
#include "sched.h"

#define SECOND 1000000000UL

/* The wall clock showed that time when system time was `when`. */
static long set_time(uint64_t secs, uint32_t nsecs, uint64_t when)
{
	time_set_wall(secs * SECOND + nsecs - when);
	return 0;
}

/* In and out: which processors; out: those of them that there are. */
static long op_idle_time(struct xenpf_getidletime *g)
{
	struct xenctl_bitmap map = { .bitmap = g->cpumap_bitmap, .nr_bits = g->cpumap_nr_cpus };
	uint64_t wanted, present = 0, idle;
	unsigned i;

	if (bitmap_in(&map, &wanted))
		return -EFAULT;
	for (i = 0; i < nr_cpus; i++) {
		if (!(wanted >> i & 1))
			continue;
		present |= BIT(i);
		idle = sched_idle_time(cpus[i]);
		if (copy_to_guest(g->idletime.p + i, &idle, sizeof(idle)))
			return -EFAULT;
	}
	g->now = time_now();
	return bitmap_out(&map, present, MAX_CPUS);
}

static long op_cpu_info(struct xenpf_pcpuinfo *i)
{
	i->max_present = nr_cpus - 1;
	i->flags = i->xen_cpuid < nr_cpus ? XEN_PCPU_FLAGS_ONLINE : XEN_PCPU_FLAGS_INVALID;
	if (i->xen_cpuid < nr_cpus)
		i->apic_id = i->acpi_id = cpus[i->xen_cpuid]->apic_id;
	return 0;
}

static long platform_run(struct xen_platform_op *op)
{
	switch (op->cmd) {
	case XENPF_settime32:
		return set_time(op->u.settime32.secs, op->u.settime32.nsecs,
				op->u.settime32.system_time);
	case XENPF_settime64:
		if (op->u.settime64.mbz)
			return -EINVAL;
		return set_time(op->u.settime64.secs, op->u.settime64.nsecs,
				op->u.settime64.system_time);
	case XENPF_getidletime:
		return op_idle_time(&op->u.getidletime);
	case XENPF_get_cpuinfo:
		return op_cpu_info(&op->u.pcpu_info);
	default:
		return -ENOSYS;
	}
}

long do_platform_op(struct xen_platform_op *u)
{
	struct xen_platform_op op;
	long rc;

	if (copy_from_guest(&op, u, sizeof(op)))
		return -EFAULT;
	if (op.interface_version != XENPF_INTERFACE_VERSION)
		return -EACCES;
	if (!current->domain->privileged)
		return -EPERM;
	rc = platform_run(&op);
	if (!rc && copy_to_guest(u, &op, sizeof(op)))
		rc = -EFAULT;
	return rc;
}
