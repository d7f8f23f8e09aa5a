/* SPDX-License-Identifier: MIT */
/* Rule: a domain has no say over another's ports, and binds to those only that wait for it. */
#include "../kit/kit.h"

static struct peer other, peer;

static long bind(domid_t domid, unsigned int port)
{
	struct evtchn_bind_interdomain b = { .remote_dom = domid, .remote_port = port };

	return hypercall(event_channel_op, EVTCHNOP_bind_interdomain, &b);
}

/* box.value[20] and [21]: ports of dom0 that wait for the other, and for this one. */
static void peer_tries(void)
{
	struct evtchn_alloc_unbound alloc = { .dom = 0, .remote_dom = DOMID_SELF };
	struct evtchn_status status = { .dom = 0, .port = (evtchn_port_t)box.value[21] };
	struct evtchn_reset reset = { .dom = 0 };

	box.value[0] = hypercall(event_channel_op, EVTCHNOP_alloc_unbound, &alloc);
	box.value[1] = hypercall(event_channel_op, EVTCHNOP_status, &status);
	status.port = 100000;
	box.value[2] = hypercall(event_channel_op, EVTCHNOP_status, &status);
	box.value[3] = hypercall(event_channel_op, EVTCHNOP_reset, &reset);
	box.value[4] = bind(0, (unsigned int)box.value[20]);
	box.value[5] = bind(0, 100000);
	box.value[6] = bind(999, 1);
	box.value[7] = bind(0, (unsigned int)box.value[21]);
	box.value[8] = bind(0, (unsigned int)box.value[21]);
}

TEST
{
	struct evtchn_status status = { .dom = DOMID_SELF };
	struct evtchn_reset reset;

	peer_create(&other, 1);
	peer_create(&peer, 1);
	peer_build(&peer, peer_tries);
	peer.box->value[20] = event_alloc(DOMID_SELF, other.id);
	peer.box->value[21] = event_alloc(DOMID_SELF, peer.id);
	reset.dom = peer.id;
	check("reset of a domain that was never started",
	      hypercall(event_channel_op, EVTCHNOP_reset, &reset), 0);
	peer_unpause(&peer);
	check("a peer ends", peer_wait(&peer, 10000), SHUTDOWN_poweroff);
	check("reset of one that is not paused",
	      hypercall(event_channel_op, EVTCHNOP_reset, &reset), -XEN_EINVAL);
	check("its alloc_unbound of dom0's", peer.box->value[0], -XEN_EPERM);
	check("status of dom0's", peer.box->value[1], -XEN_EPERM);
	check("status of a port that dom0 does not have", peer.box->value[2], -XEN_EINVAL);
	check("reset of dom0", peer.box->value[3], -XEN_EPERM);
	check("bind to a port that waits for another", peer.box->value[4], -XEN_EINVAL);
	check("bind to a port that is not there", peer.box->value[5], -XEN_EINVAL);
	check("bind to a domain that is not there", peer.box->value[6], -XEN_ESRCH);
	check("bind to the port that waits for it", peer.box->value[7], 0);
	check("and once more", peer.box->value[8], -XEN_EINVAL);
	status.port = (evtchn_port_t)peer.box->value[20];
	check("status", hypercall(event_channel_op, EVTCHNOP_status, &status), 0);
	check("the other's port waits", status.status, EVTCHNSTAT_unbound);
	check_same("for it", status.u.unbound.dom, other.id);
}
