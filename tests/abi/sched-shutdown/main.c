/* SPDX-License-Identifier: MIT */
/* Rule: a domain's shutdown reason is told to who asks; its vcpus stop until it is resumed. */
#include "../kit/kit.h"

static void peer_shuts_down(void)
{
	struct sched_shutdown how = { .reason = box.value[9] };

	box.value[0] = 1;
	box.value[1] = hypercall(sched_op, SCHEDOP_shutdown, &how);
	box.value[2] = 1;
	for (;;)
		hypercall(sched_op, SCHEDOP_yield);
}

static long resume(struct peer *peer)
{
	struct xen_domctl op = { 0 };

	return domctl(&op, XEN_DOMCTL_resumedomain, peer->id);
}

TEST
{
	static const unsigned int reasons[] = { SHUTDOWN_poweroff,
						SHUTDOWN_reboot,
						SHUTDOWN_suspend,
						SHUTDOWN_crash,
						SHUTDOWN_watchdog,
						SHUTDOWN_soft_reset,
						77 };
	static struct peer peer;
	unsigned int exception = event_virq(VIRQ_DOM_EXC);
	struct sched_remote_shutdown remote = { .reason = SHUTDOWN_reboot };
	char text[32];

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		peer_create(&peer, 1);
		peer_build(&peer, peer_shuts_down);
		peer.box->value[9] = reasons[i];
		event_clear(exception);
		peer_unpause(&peer);
		str_format(text, sizeof(text), "reason %u", reasons[i]);
		check(text, peer_wait(&peer, 5000), reasons[i]);
		check("VIRQ_DOM_EXC", wait_for(event_pending(exception), 3000),
		      true); /* first it is marked, then told */
		check("its code stopped there", peer.box->value[2], 0);
		if (reasons[i] == SHUTDOWN_suspend) {
			check("resume", resume(&peer), 0);
			check_that("its code goes on", wait_for(peer.box->value[2], 5000));
			check("its shutdown returned", peer.box->value[1], 0);
			check("no longer shut down", peer_flags(&peer) & XEN_DOMINF_shutdown, 0);
			remote.domain_id = peer.id;
			check("remote_shutdown",
			      hypercall(sched_op, SCHEDOP_remote_shutdown, &remote), 0);
			check("its reason", peer_wait(&peer, 5000), SHUTDOWN_reboot);
		}
		check("destroy", peer_destroy(&peer), 0);
	}
	remote.domain_id = 1000;
	check("remote_shutdown of nobody", hypercall(sched_op, SCHEDOP_remote_shutdown, &remote),
	      -XEN_ESRCH);
	check("shutdown of ourselves from a bad pointer",
	      hypercall(sched_op, SCHEDOP_shutdown, VA_UNMAPPED), -XEN_EFAULT);
}
