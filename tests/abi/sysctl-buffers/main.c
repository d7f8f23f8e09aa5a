/* SPDX-License-Identifier: MIT */
/*
 * Rule: a sysctl's list that cannot be written is -EFAULT; without one, or with a short one, it
 * counts.
 */
#include "../kit/kit.h"

#define NOWHERE ((void *)VA_UNMAPPED)

static struct xen_sysctl op;

static long call(unsigned int cmd)
{
	op.cmd = cmd;
	op.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return hypercall(sysctl, &op);
}

static long domains(unsigned int first, unsigned int max, void *list)
{
	memset(&op, 0, sizeof(op));
	op.u.getdomaininfolist.first_domain = (domid_t)first;
	op.u.getdomaininfolist.max_domains = max;
	set_xen_guest_handle(op.u.getdomaininfolist.buffer, list);
	return call(XEN_SYSCTL_getdomaininfolist);
}

static void lists_of_domains(void)
{
	static xen_domctl_getdomaininfo_t list[4];

	check("domains", domains(0, 4, list), 0);
	check("they are", op.u.getdomaininfolist.num_domains, 1);
	check("the first", list[0].domain, 0);
	check("of none", domains(0, 0, list), 0);
	check("they are", op.u.getdomaininfolist.num_domains, 0);
	check("from the second on", domains(1, 4, list), 0);
	check("they are", op.u.getdomaininfolist.num_domains, 0);
	check("into nowhere", domains(0, 4, NOWHERE), -XEN_EFAULT);
	check("none into nowhere", domains(1, 4, NOWHERE), 0);
}

TEST
{
	lists_of_domains();
	memset(&op, 0, sizeof(op));
	op.u.getcpuinfo.max_cpus = 1;
	set_xen_guest_handle(op.u.getcpuinfo.info, NOWHERE);
	check("getcpuinfo into nowhere", call(XEN_SYSCTL_getcpuinfo), -XEN_EFAULT);
	memset(&op, 0, sizeof(op));
	check("of no processors", call(XEN_SYSCTL_getcpuinfo), 0);
	memset(&op, 0, sizeof(op));
	op.u.cputopoinfo.num_cpus = 1;
	set_xen_guest_handle(op.u.cputopoinfo.cputopo, NOWHERE);
	check("cputopoinfo into nowhere", call(XEN_SYSCTL_cputopoinfo), -XEN_EFAULT);
	memset(&op, 0, sizeof(op));
	op.u.numainfo.num_nodes = 1;
	set_xen_guest_handle(op.u.numainfo.meminfo, NOWHERE);
	check("numainfo into nowhere", call(XEN_SYSCTL_numainfo), -XEN_EFAULT);
	memset(&op, 0, sizeof(op));
	op.u.readconsole.count = 16;
	set_xen_guest_handle(op.u.readconsole.buffer, NOWHERE);
	check("readconsole into nowhere", call(XEN_SYSCTL_readconsole), -XEN_EFAULT);
	memset(&op, 0, sizeof(op));
	check("of no characters", call(XEN_SYSCTL_readconsole), 0);
	op.u.debug_keys.nr_keys = 1;
	set_xen_guest_handle(op.u.debug_keys.keys, NOWHERE);
	check("debug_keys from nowhere", call(XEN_SYSCTL_debug_keys), -XEN_EFAULT);
	memset(&op, 0, sizeof(op));
	check("none", call(XEN_SYSCTL_debug_keys), 0);
	check("command 999", call(999), -XEN_ENOSYS);
}
