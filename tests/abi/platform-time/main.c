/* SPDX-License-Identifier: MIT */
/*
 * Rule: settime32 sets the wall clock as settime64 does; idle times are told only where dom0
 * governs them.
 */
#include "../kit/kit.h"

static struct xen_platform_op op;

static long call(unsigned int cmd)
{
	op.cmd = cmd;
	op.interface_version = XENPF_INTERFACE_VERSION;
	return hypercall(platform_op, &op);
}

TEST
{
	uint32_t version = shared->wc_version;

	op.u.settime32 = (struct xenpf_settime32){ .secs = 1500000000,
						   .nsecs = 999999999,
						   .system_time = time_now() };
	check("settime32", call(XENPF_settime32), 0);
	check_that("the wall clock is what was set, less the time since boot",
		   shared->wc_sec <= 1500000000 && shared->wc_sec > 1500000000 - 600);
	check_that("its version went on", shared->wc_version != version);
	check("its version is even", shared->wc_version & 1, 0);
	op.u.settime32.nsecs = 0;
	op.u.settime32.secs = 0;
	op.u.settime32.system_time = 0;
	check("to 1970", call(XENPF_settime32), 0);
	check("it is", shared->wc_sec, 0);
	memset(&op, 0, sizeof(op));
	check("getidletime", call(XENPF_getidletime), -XEN_ENOSYS);
	check("command 999", call(999), -XEN_ENOSYS);
	check("from nowhere", hypercall(platform_op, VA_UNMAPPED), -XEN_EFAULT);
}
