/* SPDX-License-Identifier: MIT */
/*
 * Rule: soft affinity is kept beside the hard one, need not meet it, and the answer to setting it
 * is where the vcpu will like to run; SCHEDOP_pin_override holds until it is ended, or by force.
 */
#include "../kit/kit.h"

#define HARD XEN_VCPUAFFINITY_HARD
#define SOFT XEN_VCPUAFFINITY_SOFT

static struct peer us;
static uint8_t hard[8], soft[8];

static long affinity(domid_t domid, unsigned int cmd, uint8_t hard_mask, uint8_t soft_mask,
		     unsigned int flags)
{
	struct xen_domctl op = { .u.vcpuaffinity = { .flags = flags } };

	memset(hard, 0, sizeof(hard));
	memset(soft, 0, sizeof(soft));
	hard[0] = hard_mask;
	soft[0] = soft_mask;
	op.u.vcpuaffinity.cpumap_hard.nr_bits = op.u.vcpuaffinity.cpumap_soft.nr_bits = 64;
	set_xen_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, hard);
	set_xen_guest_handle(op.u.vcpuaffinity.cpumap_soft.bitmap, soft);
	return domctl(&op, cmd, domid);
}

static long get(domid_t domid)
{
	return affinity(domid, XEN_DOMCTL_getvcpuaffinity, 0, 0, HARD | SOFT);
}

static long set(domid_t domid, uint8_t hard_mask, uint8_t soft_mask, unsigned int flags)
{
	return affinity(domid, XEN_DOMCTL_setvcpuaffinity, hard_mask, soft_mask, flags);
}

static void test_override(void)
{
	struct sched_pin_override pin = { .pcpu = 0 };

	check("pin to processor 0", hypercall(sched_op, SCHEDOP_pin_override, &pin), 0);
	check("get", get(us.id), 0);
	check_status("hard", hard[0], 1);
	check("pin again", hypercall(sched_op, SCHEDOP_pin_override, &pin), -XEN_EBUSY);
	check("another affinity", set(us.id, 1, 0, HARD), -XEN_EBUSY);
	pin.pcpu = -1;
	check("unpin", hypercall(sched_op, SCHEDOP_pin_override, &pin), 0);
	check("unpin again", hypercall(sched_op, SCHEDOP_pin_override, &pin), -XEN_EINVAL);
	pin.pcpu = 0;
	check("pin", hypercall(sched_op, SCHEDOP_pin_override, &pin), 0);
	check("by force", set(us.id, 1, 0, HARD | XEN_VCPUAFFINITY_FORCE), 0);
	pin.pcpu = -1;
	check("nothing to unpin", hypercall(sched_op, SCHEDOP_pin_override, &pin), -XEN_EINVAL);
}

TEST
{
	static struct peer peer;

	peer_create(&peer, 1);
	check("get", get(peer.id), 0);
	check_status("soft is everywhere", soft[0], (1 << processors()) - 1);
	check("soft: processors 0 and 7", set(peer.id, 0, 0x81, SOFT), 0);
	check_status("of those there is", soft[0] & 0x80, 0);
	check_status("this", soft[0] & 1, 1);
	check("get", get(peer.id), 0);
	check_status("what was set is kept", soft[0], 1);
	check("soft: none", set(peer.id, 0, 0, SOFT), 0);
	check_status("so it likes", soft[0], 0);
	check("hard none, soft 0", set(peer.id, 0, 1, HARD | SOFT), -XEN_EINVAL);
	check("get", get(peer.id), 0);
	check_status("the soft one is as before", soft[0], 0);
	check("both", set(peer.id, 1, 2, HARD | SOFT), 0);
	check_status("hard", hard[0], 1);
	check_status("soft, of which nothing is in it", soft[0], 0);
	check("neither", set(peer.id, 1, 1, XEN_VCPUAFFINITY_FORCE), 0);
	check("nothing at all", set(peer.id, 1, 1, 0), -XEN_EINVAL);
	check("destroy", peer_destroy(&peer), 0);
	test_override();
}
