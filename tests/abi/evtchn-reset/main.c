/* SPDX-License-Identifier: MIT */
/* Rule: reset closes all ports of a domain, for itself or for who controls it. */
#include "../kit/kit.h"

static long reset(domid_t dom)
{
	struct evtchn_reset op = { .dom = dom };

	return hypercall(event_channel_op, EVTCHNOP_reset, &op);
}

static void peer_resets(void)
{
	unsigned int a = event_self(), b = event_alloc(DOMID_SELF, 0);

	box.value[0] = reset(0);
	box.value[1] = event_send(a);
	box.value[2] = reset(DOMID_SELF);
	box.value[3] = event_send(a);
	box.value[4] = event_close(b);
	box.value[5] = event_self();
}

TEST
{
	static struct peer peer;
	struct evtchn_status status = { .port = 1 };
	unsigned int port;

	peer_create(&peer, 1);
	port = event_alloc(peer.id, 0);
	status.dom = peer.id;
	check("status of a peer's port", hypercall(event_channel_op, EVTCHNOP_status, &status), 0);
	check("it is unbound", status.status, EVTCHNSTAT_unbound);
	check("reset of the peer", reset(peer.id), 0);
	status.port = port;
	check("status now", hypercall(event_channel_op, EVTCHNOP_status, &status), 0);
	check("it is closed", status.status, EVTCHNSTAT_closed);
	check("reset of a domain that is not there", reset(1000), -XEN_ESRCH);

	peer_build(&peer, peer_resets);
	peer_unpause(&peer);
	check("the peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("its reset of dom0", peer.box->value[0], -XEN_EPERM);
	check("its send", peer.box->value[1], 0);
	check("its reset of itself", peer.box->value[2], 0);
	check("its send after it", peer.box->value[3], -XEN_EINVAL);
	check("its close after it", peer.box->value[4], -XEN_EINVAL);
	check("its next port", peer.box->value[5], 1);
}
