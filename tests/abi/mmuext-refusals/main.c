/* SPDX-License-Identifier: MIT */
/* Rule: mmuext_op stops at the first bad operation, and refuses what PV does not have. */
#include "../kit/kit.h"

static void peer_tries(void)
{
	struct mmuext_op op = { .cmd = MMUEXT_TLB_FLUSH_LOCAL };

	box.value[0] = hypercall(mmuext_op, &op, 1, 0, 0);
	box.value[1] = mmuext(MMUEXT_FLUSH_CACHE, 0, 0);
	box.value[2] = mmuext(MMUEXT_PIN_L1_TABLE, box.value[9], 0);
	box.value[3] = mmuext(MMUEXT_CLEAR_PAGE, box.value[9], 0);
	box.value[4] = mmuext(MMUEXT_NEW_BASEPTR, box.value[9], 0);
}

TEST
{
	struct mmuext_op ops[4] = { { .cmd = MMUEXT_TLB_FLUSH_LOCAL },
				    { .cmd = MMUEXT_TLB_FLUSH_LOCAL },
				    { .cmd = 63 },
				    { .cmd = MMUEXT_TLB_FLUSH_LOCAL } };
	unsigned int done = 77;
	static struct peer peer;
	ulong mfn = mfn_of(page_alloc());

	check("four, the third unknown", hypercall(mmuext_op, ops, 4, &done, DOMID_SELF),
	      -XEN_ENOSYS);
	check("done", done, 2);
	check("none", hypercall(mmuext_op, ops, 0, &done, DOMID_SELF), 0);
	check("done", done, 0);
	check("command 14", mmuext(14, 0, 0), -XEN_ENOSYS);
	check("command 21", mmuext(21, 0, 0), -XEN_ENOSYS);
	check("mark_super", mmuext(MMUEXT_MARK_SUPER, mfn, 0), -XEN_EOPNOTSUPP);
	check("unmark_super", mmuext(MMUEXT_UNMARK_SUPER, mfn, 0), -XEN_EOPNOTSUPP);
	check("for a domain that is not there", hypercall(mmuext_op, ops, 1, &done, 1000),
	      -XEN_ESRCH);
	check("a list that is not mapped", hypercall(mmuext_op, VA_UNMAPPED, 1, 0, DOMID_SELF),
	      -XEN_EFAULT);

	peer_create(&peer, 1);
	peer_build(&peer, peer_tries);
	check("flush in the name of a peer", hypercall(mmuext_op, ops, 1, &done, peer.id),
	      -XEN_EPERM);
	ops[0] = (struct mmuext_op){ .cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = mfn };
	check("pin of our frame in its name", hypercall(mmuext_op, ops, 1, 0, peer.id),
	      -XEN_EINVAL);
	peer.box->value[9] = mfn;
	peer_unpause(&peer);
	check("the peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("it acts in the name of dom0", peer.box->value[0], -XEN_EPERM);
	check("it flushes caches without a device", peer.box->value[1], -XEN_EACCES);
	check("it pins our frame", peer.box->value[2], -XEN_EINVAL);
	check("it clears our frame", peer.box->value[3], -XEN_EINVAL);
	check("it uses our frame as L4", peer.box->value[4], -XEN_EINVAL);
}
