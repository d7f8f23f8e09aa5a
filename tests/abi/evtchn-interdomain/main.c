/* SPDX-License-Identifier: MIT */
/* Rule: bind_interdomain joins an unbound port that awaits the caller; events go both ways. */
#include "../kit/kit.h"

static long bind(domid_t dom, unsigned int remote, unsigned int *port)
{
	struct evtchn_bind_interdomain op = { .remote_dom = dom, .remote_port = remote };
	long err = hypercall(event_channel_op, EVTCHNOP_bind_interdomain, &op);

	*port = op.local_port;
	return err;
}

static void echo(void)
{
	unsigned int port;

	box.value[0] = bind(0, box.value[9], &port);
	box.value[1] = bind(0, box.value[9], &port);
	box.value[2] = bind(0, box.value[8], &port);
	events_on();
	while (!event_count[1])
		hypercall(sched_op, SCHEDOP_block);
	box.value[3] = event_send(1);
	while (event_count[1] < 2)
		hypercall(sched_op, SCHEDOP_block);
	box.value[4] = event_send(1);
}

TEST
{
	unsigned int a = event_alloc(DOMID_SELF, DOMID_SELF), b, other, not_its;
	static struct peer peer;

	check("an own port that awaits us", bind(DOMID_SELF, a, &b), 0);
	check("pending at once on the new end", event_pending(b), 1);
	check("pending on the old", event_pending(a), 0);
	event_clear(b);
	check("send from the old", event_send(a), 0);
	check("pending on the new", event_pending(b), 1);
	check("send from the new", event_send(b), 0);
	check("pending on the old", event_pending(a), 1);
	check("bound already", bind(DOMID_SELF, a, &other), -XEN_EINVAL);
	check("a port that is free", bind(DOMID_SELF, 900, &other), -XEN_EINVAL);
	check("a port out of range", bind(DOMID_SELF, 1 << 20, &other), -XEN_EINVAL);
	check("port 0", bind(DOMID_SELF, 0, &other), -XEN_EINVAL);
	check("a domain that is not there", bind(1000, 1, &other), -XEN_ESRCH);

	peer_create(&peer, 1);
	peer_build(&peer, echo);
	other = event_alloc(DOMID_SELF, peer.id);
	not_its = event_alloc(DOMID_SELF, DOMID_SELF);
	peer.box->value[9] = other;
	peer.box->value[8] = not_its;
	peer_unpause(&peer);
	check_that("the peer, bound, has its first event and answers",
		   wait_for(event_pending(other), 5000));
	event_clear(other);
	check("send to the peer", event_send(other), 0);
	check_that("it answers", wait_for(event_pending(other), 5000));
	check("it ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("its bind", peer.box->value[0], 0);
	check("its second bind of the same", peer.box->value[1], -XEN_EINVAL);
	check("its bind of a port that awaits another", peer.box->value[2], -XEN_EINVAL);
	check("its sends", peer.box->value[3] | peer.box->value[4], 0);
	event_clear(other);
	check("destroy", peer_destroy(&peer), 0);
	check("our end is unbound again: send", event_send(other), 0);
}
