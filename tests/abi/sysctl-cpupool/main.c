/* SPDX-License-Identifier: MIT */
/*
 * Rule: pools are made, told, filled and taken apart; what they hold keeps them. With two
 * processors (SMP=2) one moves between pools, and a domain with it.
 */
#include "../kit/kit.h"

#define NOBODY 0x7000

static uint8_t map[8];
static unsigned int scheduler;

static long pool(unsigned int what, unsigned int id, struct xen_sysctl_cpupool_op *with)
{
	static struct xen_sysctl op;
	long err;

	op = (struct xen_sysctl){ .cmd = XEN_SYSCTL_cpupool_op,
				  .interface_version = XEN_SYSCTL_INTERFACE_VERSION,
				  .u.cpupool_op = *with };
	op.u.cpupool_op.op = what;
	op.u.cpupool_op.cpupool_id = id;
	op.u.cpupool_op.cpumap.nr_bits = 64;
	set_xen_guest_handle(op.u.cpupool_op.cpumap.bitmap, map);
	err = hypercall(sysctl, &op);
	*with = op.u.cpupool_op;
	return err;
}

static long simple(unsigned int what, unsigned int id, unsigned int arg)
{
	struct xen_sysctl_cpupool_op op = { .sched_id = arg, .cpu = arg, .domid = arg };

	return pool(what, id, &op);
}

static void told(unsigned int id, unsigned int cpus, unsigned int domains)
{
	struct xen_sysctl_cpupool_op op = { 0 };

	check("info", pool(XEN_SYSCTL_CPUPOOL_OP_INFO, id, &op), 0);
	check_status("pool", op.cpupool_id, id);
	check_status("its scheduler", op.sched_id == scheduler, 1);
	check_status("its processors", map[0], cpus);
	check_status("its domains", op.n_dom, domains);
}

static void test_refusals(unsigned int cpus)
{
	struct xen_sysctl_cpupool_op op = { 0 };

	check("info beyond the last", pool(XEN_SYSCTL_CPUPOOL_OP_INFO, 1, &op), -XEN_ENOENT);
	check("destroy one that is not there", simple(XEN_SYSCTL_CPUPOOL_OP_DESTROY, 1, 0),
	      -XEN_ENOENT);
	check("destroy the first", simple(XEN_SYSCTL_CPUPOOL_OP_DESTROY, 0, 0), -XEN_EBUSY);
	check("create with a scheduler that is none",
	      simple(XEN_SYSCTL_CPUPOOL_OP_CREATE, XEN_SYSCTL_CPUPOOL_PAR_ANY, 77), -XEN_ENOENT);
	check("create the first", simple(XEN_SYSCTL_CPUPOOL_OP_CREATE, 0, scheduler),
	      -XEN_EEXIST);
	check("add to one that is not there", simple(XEN_SYSCTL_CPUPOOL_OP_ADDCPU, 1, 0),
	      -XEN_ENOENT);
	check("add processor 0, which is in use", simple(XEN_SYSCTL_CPUPOOL_OP_ADDCPU, 0, 0),
	      -XEN_ENODEV);
	check("add any, where none is free",
	      simple(XEN_SYSCTL_CPUPOOL_OP_ADDCPU, 0, XEN_SYSCTL_CPUPOOL_PAR_ANY), -XEN_ENODEV);
	check("add processor 5000", simple(XEN_SYSCTL_CPUPOOL_OP_ADDCPU, 0, 5000), -XEN_EINVAL);
	check("remove from one that is not there", simple(XEN_SYSCTL_CPUPOOL_OP_RMCPU, 1, 0),
	      -XEN_ENOENT);
	check("remove processor 5000", simple(XEN_SYSCTL_CPUPOOL_OP_RMCPU, 0, 5000), -XEN_EINVAL);
	if (cpus == 1)
		check("remove the last", simple(XEN_SYSCTL_CPUPOOL_OP_RMCPU, 0, 0), -XEN_EINVAL);
	check("move nobody", simple(XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, 0, NOBODY), -XEN_ESRCH);
	check("move oneself", simple(XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, 0, 0), -XEN_EPERM);
	check("operation 8", simple(8, 0, 0), -XEN_ENOSYS);
	check("free processors", pool(XEN_SYSCTL_CPUPOOL_OP_FREEINFO, 0, &op), 0);
	check_status("are none", map[0], 0);
}

static unsigned int pool_of(struct peer *peer)
{
	struct xen_domctl op = { 0 };

	domctl(&op, XEN_DOMCTL_getdomaininfo, peer->id);
	return op.u.getdomaininfo.cpupool;
}

static long affinity(struct peer *peer, unsigned int cmd, uint8_t mask)
{
	static uint8_t bits[8];
	struct xen_domctl op = { .u.vcpuaffinity = { .flags = XEN_VCPUAFFINITY_HARD } };
	long err;

	bits[0] = mask;
	op.u.vcpuaffinity.cpumap_hard.nr_bits = 64;
	set_xen_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, bits);
	err = domctl(&op, cmd, peer->id);
	return err ? err : bits[0];
}

static void peer_counts(void)
{
	for (;;)
		box.value[0]++;
}

static bool counts(struct peer *peer)
{
	long from = peer->box->value[0];

	return wait_for(peer->box->value[0] != from, 5000);
}

static long order(struct peer *peer, unsigned int cmd)
{
	struct xen_domctl op = { 0 };

	return domctl(&op, cmd, peer->id);
}

/*
 * Pool 1, with processor 1 in it, and a domain that runs there. Where a processor is taken nobody
 * runs: Xen 4.17 panics now and then when one leaves its pool while a vcpu is on its way off it
 * (csched_res_pick, csched2_context_saved).
 */
static void test_move(struct peer *peer)
{
	struct xen_sysctl_cpupool_op op = { 0 };
	struct peer us = { 0 };

	check("processor 0 stays in the first pool", simple(XEN_SYSCTL_CPUPOOL_OP_RMCPU, 0, 0),
	      -XEN_EINVAL);
	check("we run on it", affinity(&us, XEN_DOMCTL_setvcpuaffinity, 1), 1);
	check("the domain rests", order(peer, XEN_DOMCTL_pausedomain), 0);
	check("bind it to processor 1", affinity(peer, XEN_DOMCTL_setvcpuaffinity, 2), 2);
	check("to one without processors", simple(XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, 1, peer->id),
	      -XEN_ENOENT);
	check("take processor 1 out", simple(XEN_SYSCTL_CPUPOOL_OP_RMCPU, 0, 1), 0);
	check("free processors", pool(XEN_SYSCTL_CPUPOOL_OP_FREEINFO, 0, &op), 0);
	check_status("are", map[0], 2);
	check("it may run anywhere now", affinity(peer, XEN_DOMCTL_getvcpuaffinity, 0) & 3, 3);
	check("again", simple(XEN_SYSCTL_CPUPOOL_OP_RMCPU, 0, 1), -XEN_EADDRNOTAVAIL);
	told(0, 1, 2);
	check("put it in", simple(XEN_SYSCTL_CPUPOOL_OP_ADDCPU, 1, 1), 0);
	told(1, 2, 0);
	check("bind to processor 0", affinity(peer, XEN_DOMCTL_setvcpuaffinity, 1), 1);
	check("to processor 1, of another pool", affinity(peer, XEN_DOMCTL_setvcpuaffinity, 2),
	      -XEN_EINVAL);
	check("move", simple(XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, 1, peer->id), 0);
	check_status("it is there", pool_of(peer), 1);
	check("it may run anywhere", affinity(peer, XEN_DOMCTL_getvcpuaffinity, 0) & 3, 3);
	told(0, 1, 1);
	told(1, 2, 1);
	check("it goes on", order(peer, XEN_DOMCTL_unpausedomain), 0);
	check_that("it runs", counts(peer));
	check("move to where it is", simple(XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, 1, peer->id), 0);
	check("take its processor", simple(XEN_SYSCTL_CPUPOOL_OP_RMCPU, 1, 1), -XEN_EBUSY);
	check("destroy the pool", simple(XEN_SYSCTL_CPUPOOL_OP_DESTROY, 1, 0), -XEN_EBUSY);
	check("it rests", order(peer, XEN_DOMCTL_pausedomain), 0);
	check("move back", simple(XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, 0, peer->id), 0);
	check("take its processor", simple(XEN_SYSCTL_CPUPOOL_OP_RMCPU, 1, 1), 0);
	check("it goes on", order(peer, XEN_DOMCTL_unpausedomain), 0);
	check_that("it runs", counts(peer));
	check("give it back", simple(XEN_SYSCTL_CPUPOOL_OP_ADDCPU, 0, 1), 0);
	told(0, 3, 2);
}

TEST
{
	static struct peer peer;
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_sched_id,
				 .interface_version = XEN_SYSCTL_INTERFACE_VERSION };
	struct xen_sysctl_cpupool_op made = { 0 };
	unsigned int cpus = processors();

	hypercall(sysctl, &op);
	scheduler = made.sched_id = op.u.sched_id.sched_id;
	told(0, (1U << cpus) - 1, 1);
	test_refusals(cpus);
	check("create", pool(XEN_SYSCTL_CPUPOOL_OP_CREATE, XEN_SYSCTL_CPUPOOL_PAR_ANY, &made), 0);
	check_status("its number", made.cpupool_id, 1);
	told(1, 0, 0);
	if (cpus == 2) {
		check("create it again", simple(XEN_SYSCTL_CPUPOOL_OP_CREATE, 1, scheduler),
		      -XEN_EEXIST);
		peer_start(&peer, 1, peer_counts);
		check_that("a domain runs", counts(&peer));
		test_move(&peer);
		check("destroy the domain", peer_destroy(&peer), 0);
	}
	check("destroy", simple(XEN_SYSCTL_CPUPOOL_OP_DESTROY, 1, 0), 0);
	check("again", simple(XEN_SYSCTL_CPUPOOL_OP_DESTROY, 1, 0), -XEN_ENOENT);
}
