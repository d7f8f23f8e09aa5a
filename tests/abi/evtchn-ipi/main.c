/* SPDX-License-Identifier: MIT */
/* Rule: bind_ipi makes a port that its own domain sends to; send makes it pending once. */
/* as: dom0, domU */
#include "../kit/kit.h"

TEST
{
	struct evtchn_bind_ipi op = { .vcpu = 0 };
	unsigned int port;

	check("bind_ipi", hypercall(event_channel_op, EVTCHNOP_bind_ipi, &op), 0);
	port = op.port;
	check("pending", event_pending(port), 0);
	check("send", event_send(port), 0);
	check("pending", event_pending(port), 1);
	check("selector", vcpu->evtchn_pending_sel >> port / 64 & 1, 1);
	check("upcall pending", vcpu->evtchn_upcall_pending, 1);
	check("send again", event_send(port), 0);
	check("another ipi for the same vcpu", hypercall(event_channel_op, EVTCHNOP_bind_ipi, &op),
	      0);
	check("has its own port", op.port != port, 1);
	op.vcpu = 77;
	check("a vcpu that is not there", hypercall(event_channel_op, EVTCHNOP_bind_ipi, &op),
	      -XEN_ENOENT);
	check("close", event_close(port), 0);
	check("send", event_send(port), -XEN_EINVAL);
}
