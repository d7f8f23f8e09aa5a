/* SPDX-License-Identifier: MIT */
/* Rule: pauses count; a domain runs when each has been taken back, and not before. */
#include "../kit/kit.h"

static void peer_counts(void)
{
	for (;;) {
		box.value[0]++;
		hypercall(sched_op, SCHEDOP_yield);
	}
}

static long call(struct peer *peer, unsigned int cmd)
{
	struct xen_domctl op = { 0 };

	return domctl(&op, cmd, peer->id);
}

/* Whether the peer's counter moves. */
static bool runs(struct peer *peer, unsigned int ms)
{
	long before = peer->box->value[0];

	return wait_for(peer->box->value[0] > before + 3, ms);
}

TEST
{
	static struct peer peer;

	peer_start(&peer, 1, peer_counts);
	check("it runs", runs(&peer, 5000), 1);
	check("pause", call(&peer, XEN_DOMCTL_pausedomain), 0);
	check("it runs", runs(&peer, 300), 0);
	check("its flag", peer_flags(&peer) & XEN_DOMINF_paused, XEN_DOMINF_paused);
	check("pause again", call(&peer, XEN_DOMCTL_pausedomain), 0);
	check("unpause", call(&peer, XEN_DOMCTL_unpausedomain), 0);
	check("it runs", runs(&peer, 300), 0);
	check("unpause again", call(&peer, XEN_DOMCTL_unpausedomain), 0);
	check("it runs", runs(&peer, 5000), 1);
	check("its flag", peer_flags(&peer) & XEN_DOMINF_paused, 0);
	check("unpause of one that is not paused", call(&peer, XEN_DOMCTL_unpausedomain),
	      -XEN_EINVAL);
	check("destroy while it runs", peer_destroy(&peer), 0);
}
