/* SPDX-License-Identifier: MIT */
/*
 * Rule: shutdown_code leaves a reason, which holds for the shutdown that comes, and the domain
 * running; the toolstack's remote_shutdown ends it once.
 */
#include "../kit/kit.h"

static long reason(struct peer *peer)
{
	return peer_flags(peer) >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
}

static void peer_says(void)
{
	struct sched_shutdown how = { .reason = SHUTDOWN_crash };

	box.value[0] = hypercall(sched_op, SCHEDOP_shutdown_code, &how);
	box.value[1] = 1;
	wait_for(READ_ONCE(box.value[2]), 20000);
}

static void peer_waits(void)
{
	box.value[1] = 1;
	for (;;)
		hypercall(sched_op, SCHEDOP_yield);
}

TEST
{
	static struct peer peer;
	struct sched_remote_shutdown remote = { .reason = SHUTDOWN_suspend };

	peer_start(&peer, 1, peer_says);
	check_that("a peer has said so", wait_for(peer.box->value[1], 5000));
	check("its shutdown_code", peer.box->value[0], 0);
	check("it runs on", peer_flags(&peer) & XEN_DOMINF_shutdown, 0);
	check("the reason is there", reason(&peer), SHUTDOWN_crash);
	peer.box->value[2] = 1;
	check("its end has that reason", peer_wait(&peer, 10000), SHUTDOWN_crash);
	remote.domain_id = peer.id;
	check("remote_shutdown of one that is down",
	      hypercall(sched_op, SCHEDOP_remote_shutdown, &remote), 0);
	check("changes no reason", reason(&peer), SHUTDOWN_crash);
	check("destroy", peer_destroy(&peer), 0);

	peer_start(&peer, 1, peer_waits);
	check_that("a peer waits", wait_for(peer.box->value[1], 5000));
	remote.domain_id = peer.id;
	check("remote_shutdown", hypercall(sched_op, SCHEDOP_remote_shutdown, &remote), 0);
	check("it is down", peer_wait(&peer, 5000), SHUTDOWN_suspend);
	remote.domain_id = DOMID_SELF;
	check("of oneself", hypercall(sched_op, SCHEDOP_remote_shutdown, &remote), -XEN_ESRCH);
	remote.domain_id = 999;
	check("of a domain that is not there",
	      hypercall(sched_op, SCHEDOP_remote_shutdown, &remote), -XEN_ESRCH);
}
