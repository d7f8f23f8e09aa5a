/* SPDX-License-Identifier: MIT */
/* Rule: alloc_unbound gives the lowest free port of the domain named, for whom may ask for it. */
#include "../kit/kit.h"

static long alloc(domid_t dom, domid_t remote, unsigned int *port)
{
	struct evtchn_alloc_unbound op = { .dom = dom, .remote_dom = remote };
	long err = hypercall(event_channel_op, EVTCHNOP_alloc_unbound, &op);

	*port = op.port;
	return err;
}

static void peer_tries(void)
{
	unsigned int port;

	box.value[0] = alloc(DOMID_SELF, 0, &port);
	box.value[1] = port;
	box.value[2] = alloc(0, DOMID_SELF, &port);
	for (box.value[3] = 0; !(box.value[4] = alloc(DOMID_SELF, 0, &port)); box.value[3]++)
		;
}

TEST
{
	unsigned int first, second, port;
	static struct peer peer;

	check("for itself", alloc(DOMID_SELF, DOMID_SELF, &first), 0);
	check("another", alloc(DOMID_SELF, DOMID_SELF, &second), 0);
	check("its port is the next", second - first, 1);
	check_that("port 0 is never given", first);
	check("a new port is masked", event_masked(first), 0);
	check("close the first", event_close(first), 0);
	check("another", alloc(DOMID_SELF, 0, &port), 0);
	check("its port is the first again", port == first, 1);
	check("for a domain that is not there", alloc(1000, 0, &port), -XEN_ESRCH);
	check("towards a domain that is not there", alloc(DOMID_SELF, 1000, &port), 0);

	peer_create(&peer, 1);
	check("for a peer", alloc(peer.id, 0, &port), 0);
	check("its port", port, 1);
	peer_build(&peer, peer_tries);
	peer_unpause(&peer);
	check("the peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("its own", peer.box->value[0], 0);
	check("its port", peer.box->value[1], 2);
	check("one for dom0", peer.box->value[2], -XEN_EPERM);
	check("as many as its 1023 allow", peer.box->value[3], 1023 - 2);
	check("one more", peer.box->value[4], -XEN_ENOSPC);
}
