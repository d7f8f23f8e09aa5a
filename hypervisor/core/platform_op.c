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
	case XENPF_get_cpuinfo:
		return op_cpu_info(&op->u.pcpu_info);
	default:
		/* Frequencies and idle times, too: they are dom0's only where it governs them. */
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
