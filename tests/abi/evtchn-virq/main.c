/* SPDX-License-Identifier: MIT */
/* Rule: a virq is bound once; global ones by vcpu 0 and whoever they belong to. */
#include "../kit/kit.h"

static long bind(unsigned int virq, unsigned int vcpu_id, unsigned int *port)
{
	struct evtchn_bind_virq op = { .virq = virq, .vcpu = vcpu_id };
	long err = hypercall(event_channel_op, EVTCHNOP_bind_virq, &op);

	*port = op.port;
	return err;
}

static void peer_tries(void)
{
	unsigned int port;

	box.value[0] = bind(VIRQ_TIMER, 0, &port);
	box.value[1] = bind(VIRQ_DEBUG, 1, &port);
	box.value[2] = bind(VIRQ_DOM_EXC, 0, &port);
	box.value[3] = bind(VIRQ_DOM_EXC, 1, &port);
	box.value[4] = bind(VIRQ_TIMER, 1, &port);
}

TEST
{
	unsigned int port, other;
	static struct peer peer;

	check("timer", bind(VIRQ_TIMER, 0, &port), 0);
	check("timer twice", bind(VIRQ_TIMER, 0, &other), -XEN_EEXIST);
	check("close it", event_close(port), 0);
	check("timer again", bind(VIRQ_TIMER, 0, &port), 0);
	check("a vcpu that is not there", bind(VIRQ_DEBUG, 77, &port), -XEN_ENOENT);
	check("number 24, one too many", bind(24, 0, &port), -XEN_EINVAL);
	check("number -1", bind(-1, 0, &port), -XEN_EINVAL);
	check("domain exception, global", bind(VIRQ_DOM_EXC, 0, &port), 0);
	check("it twice", bind(VIRQ_DOM_EXC, 0, &other), -XEN_EEXIST);
	check("debug", bind(VIRQ_DEBUG, 0, &other), 0);

	event_clear(port);
	peer_start(&peer, 2, peer_tries);
	check("a peer with two vcpus ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("its timer", peer.box->value[0], 0);
	check("its debug virq of vcpu 1", peer.box->value[1], 0);
	check("its global virq of vcpu 0", peer.box->value[2], 0);
	check("its global virq of vcpu 1", peer.box->value[3], -XEN_EINVAL);
	check("its timer of vcpu 1", peer.box->value[4], 0);
	check("the shutdown gave dom0 its domain exception",
	      wait_for(event_pending(port), 3000), true); /* first it is marked, then told */
}
