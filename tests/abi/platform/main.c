/* SPDX-License-Identifier: MIT */
/* Rule: platform_op is dom0's: it sets the wall clock for all and describes the processors. */
#include "../kit/kit.h"

static struct xen_platform_op op;

static long call(unsigned int cmd, unsigned int version)
{
	op.cmd = cmd;
	op.interface_version = version;
	return hypercall(platform_op, &op);
}

static void peer_tries(void)
{
	op.u.settime64.mbz = 0;
	box.value[0] = call(XENPF_settime64, XENPF_INTERFACE_VERSION);
	box.value[1] = shared->wc_sec;
}

TEST
{
	static struct peer peer;

	op.u.settime64 = (struct xenpf_settime64){ .secs = 1000000000,
						   .nsecs = 500,
						   .system_time = time_now() };
	check("settime64", call(XENPF_settime64, XENPF_INTERFACE_VERSION), 0);
	check_that("the wall clock is what was set, less the time since boot",
		   shared->wc_sec <= 1000000000 && shared->wc_sec > 1000000000 - 600);
	op.u.settime64.mbz = 1;
	check("with a field that must be 0", call(XENPF_settime64, XENPF_INTERFACE_VERSION),
	      -XEN_EINVAL);
	check("of another version", call(XENPF_settime64, XENPF_INTERFACE_VERSION - 1),
	      -XEN_EACCES);
	check("command 999", call(999, XENPF_INTERFACE_VERSION), -XEN_ENOSYS);
	op.u.pcpu_info = (struct xenpf_pcpuinfo){ .xen_cpuid = 0 };
	check("get_cpuinfo", call(XENPF_get_cpuinfo, XENPF_INTERFACE_VERSION), 0);
	check("the highest present", op.u.pcpu_info.max_present, processors() - 1);
	check("online", op.u.pcpu_info.flags & XEN_PCPU_FLAGS_ONLINE, XEN_PCPU_FLAGS_ONLINE);
	op.u.pcpu_info.xen_cpuid = 99;
	check("of processor 99", call(XENPF_get_cpuinfo, XENPF_INTERFACE_VERSION), 0);
	check("invalid", op.u.pcpu_info.flags & XEN_PCPU_FLAGS_INVALID, XEN_PCPU_FLAGS_INVALID);

	peer_start(&peer, 1, peer_tries);
	check("a peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("its settime64", peer.box->value[0], -XEN_EPERM);
	check_that("its wall clock is the new one too",
		   peer.box->value[1] <= 1000000000 && peer.box->value[1] > 1000000000 - 600);
}
