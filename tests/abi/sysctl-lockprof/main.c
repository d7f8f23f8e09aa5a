/* SPDX-License-Identifier: MIT */
/* Rule: lockprof_op tells how many locks there are, how often each was taken, and counts anew. */
/* differs: Debian builds Xen without the statistics of its locks. */
#include "../kit/kit.h"

#define LOCKS 256u

static struct xen_sysctl op;
static xen_sysctl_lockprof_data_t locks[LOCKS];

static long call(uint32_t cmd, uint32_t max)
{
	memset(&op, 0, sizeof(op));
	op.cmd = XEN_SYSCTL_lockprof_op;
	op.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	op.u.lockprof_op.cmd = cmd;
	op.u.lockprof_op.max_elem = max;
	set_xen_guest_handle(op.u.lockprof_op.data, locks);
	return hypercall(sysctl, &op);
}

/* How often this domain's event channels' lock was taken; -1: it is not among them. */
static long taken_for_ports(void)
{
	for (unsigned int i = 0; i < MIN(op.u.lockprof_op.nr_elem, LOCKS); i++)
		if (locks[i].type == LOCKPROF_TYPE_PERDOM && locks[i].idx == 0 &&
		    strstr(locks[i].name, "event"))
			return (long)locks[i].lock_cnt;
	return -1;
}

TEST
{
	long err = call(XEN_SYSCTL_LOCKPROF_query, 0), before;
	unsigned int there = op.u.lockprof_op.nr_elem;

	if (err == -XEN_ENOSYS)
		skip("built without lock profiling");
	check("query, the number", err, 0);
	check_that("of locks", there > 10 && there < LOCKS);
	check("query", call(XEN_SYSCTL_LOCKPROF_query, LOCKS), 0);
	check("as many", op.u.lockprof_op.nr_elem, there);
	before = taken_for_ports();
	check_that("this domain's event channels are among them", before >= 0);
	event_close(event_alloc(DOMID_SELF, DOMID_SELF));
	check("query", call(XEN_SYSCTL_LOCKPROF_query, LOCKS), 0);
	check("a port was opened and closed: taken more often by", taken_for_ports() - before, 2);
	check("reset", call(XEN_SYSCTL_LOCKPROF_reset, 0), 0);
	check("query", call(XEN_SYSCTL_LOCKPROF_query, LOCKS), 0);
	check("taken since", taken_for_ports(), 0);
	check_that("the time since is short", op.u.lockprof_op.time < 60000 * MS);
	locks[1].name[0] = 0;
	check("query of one", call(XEN_SYSCTL_LOCKPROF_query, 1), 0);
	check("the number that there are", op.u.lockprof_op.nr_elem, there);
	check("no second was written", locks[1].name[0], 0);
	check("command 9", call(9, 0), -XEN_EINVAL);
}
