/* SPDX-License-Identifier: MIT */
/* Rule: a closed port is forgotten by both sides, and what was pending on it with it. */
/* as: dom0, domU */
#include "../kit/kit.h"

TEST
{
	unsigned int a = event_alloc(DOMID_SELF, DOMID_SELF), b, again;
	struct evtchn_bind_interdomain bind = { .remote_dom = DOMID_SELF, .remote_port = a };

	check("bind", hypercall(event_channel_op, EVTCHNOP_bind_interdomain, &bind), 0);
	b = bind.local_port;
	event_clear(b);
	check("send to a", event_send(b), 0);
	check("a is pending", event_pending(a), 1);
	check("close a", event_close(a), 0);
	check("a is pending", event_pending(a), 0);
	check("send from b", event_send(b), 0);
	check("bind to b by a new port",
	      (bind.remote_port = b, hypercall(event_channel_op, EVTCHNOP_bind_interdomain, &bind)),
	      0);
	check("is where a was", bind.local_port == a, 1);
	check("close b", event_close(b), 0);
	check("close the new one", event_close(a), 0);
	check("send", event_send(a), -XEN_EINVAL);
	again = event_self();
	event_send(again);
	check("close a pending ipi", event_close(again), 0);
	check("the next port", event_self() == again, 1);
	check("is not pending", event_pending(again), 0);
}
