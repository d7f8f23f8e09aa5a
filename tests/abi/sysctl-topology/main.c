/* SPDX-License-Identifier: MIT */
/* Rule: sysctl tells processors, nodes, idle times and the scheduler, and takes debug keys. */
#include "../kit/kit.h"

static struct xen_sysctl op;

static long call(unsigned int cmd)
{
	op.cmd = cmd;
	op.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return hypercall(sysctl, &op);
}

TEST
{
	static struct xen_sysctl_cputopo topology[4];
	static struct xen_sysctl_meminfo memory[4];
	static struct xen_sysctl_cpuinfo cpus[4];
	char key = '!';

	check("cputopoinfo, the size", call(XEN_SYSCTL_cputopoinfo), 0);
	check("processors", op.u.cputopoinfo.num_cpus, processors());
	set_xen_guest_handle(op.u.cputopoinfo.cputopo, topology);
	op.u.cputopoinfo.num_cpus = 4;
	check("cputopoinfo", call(XEN_SYSCTL_cputopoinfo), 0);
	check("processors", op.u.cputopoinfo.num_cpus, processors());
	check("the node of the first", topology[0].node, 0);
	memset(&op, 0, sizeof(op));
	check("numainfo, the size", call(XEN_SYSCTL_numainfo), 0);
	check("nodes", op.u.numainfo.num_nodes, 1);
	set_xen_guest_handle(op.u.numainfo.meminfo, memory);
	check("numainfo", call(XEN_SYSCTL_numainfo), 0);
	check_that("memory of the node",
		   memory[0].memsize > 400UL << 20 && memory[0].memfree < memory[0].memsize);
	memset(&op, 0, sizeof(op));
	op.u.getcpuinfo.max_cpus = 4;
	set_xen_guest_handle(op.u.getcpuinfo.info, cpus);
	check("getcpuinfo", call(XEN_SYSCTL_getcpuinfo), 0);
	check("processors", op.u.getcpuinfo.nr_cpus, processors());
	memset(&op, 0, sizeof(op));
	check("sched_id", call(XEN_SYSCTL_sched_id), 0);
	check_that("it is a scheduler", op.u.sched_id.sched_id >= 4 && op.u.sched_id.sched_id < 11);
	op.u.debug_keys = (struct xen_sysctl_debug_keys){ .nr_keys = 1 };
	set_xen_guest_handle(op.u.debug_keys.keys, &key);
	check("a debug key of nobody", call(XEN_SYSCTL_debug_keys), 0);
	set_xen_guest_handle(op.u.debug_keys.keys, (char *)VA_UNMAPPED);
	check("one that cannot be read", call(XEN_SYSCTL_debug_keys), -XEN_EFAULT);
	memset(&op, 0, sizeof(op));
	op.u.availheap.node = -1;
	check("availheap", call(XEN_SYSCTL_availheap), 0);
	check_that("bytes", op.u.availheap.avail_bytes > 300UL << 20);
}
