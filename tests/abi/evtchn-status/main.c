/* SPDX-License-Identifier: MIT */
/* Rule: status tells each port's kind and whom it is bound to. */
#include "../kit/kit.h"

static struct evtchn_status ask(unsigned int port)
{
	struct evtchn_status op = { .dom = DOMID_SELF, .port = port };

	if (hypercall(event_channel_op, EVTCHNOP_status, &op))
		op.status = 99;
	return op;
}

static void peer_asks(void)
{
	struct evtchn_status op = { .dom = 0, .port = 1 };

	box.value[0] = hypercall(event_channel_op, EVTCHNOP_status, &op);
	op.dom = DOMID_SELF;
	box.value[1] = hypercall(event_channel_op, EVTCHNOP_status, &op);
	box.value[2] = op.status;
}

TEST
{
	unsigned int a = event_alloc(DOMID_SELF, DOMID_SELF);
	struct evtchn_bind_interdomain bind = { .remote_dom = DOMID_SELF, .remote_port = a };
	static struct peer peer;

	check("a free port", ask(40).status, EVTCHNSTAT_closed);
	check("port 0", ask(0).status, EVTCHNSTAT_closed);
	check("an unbound port", ask(a).status, EVTCHNSTAT_unbound);
	check("whom it awaits", ask(a).u.unbound.dom, 0);
	check("its vcpu", ask(a).vcpu, 0);
	hypercall(event_channel_op, EVTCHNOP_bind_interdomain, &bind);
	check("a bound one", ask(a).status, EVTCHNSTAT_interdomain);
	check("its other domain", ask(a).u.interdomain.dom, 0);
	check("its other port", ask(a).u.interdomain.port == bind.local_port, 1);
	check("the other end's other port", ask(bind.local_port).u.interdomain.port == a, 1);
	check("a virq", ask(event_virq(VIRQ_TIMER)).status, EVTCHNSTAT_virq);
	check("its number", ask(event_virq(VIRQ_DEBUG)).u.virq, VIRQ_DEBUG);
	check("an ipi", ask(event_self()).status, EVTCHNSTAT_ipi);
	check("close one end", event_close(bind.local_port), 0);
	check("the other end", ask(a).status, EVTCHNSTAT_unbound);

	peer_start(&peer, 1, peer_asks);
	check("a peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("its question about dom0", peer.box->value[0], -XEN_EPERM);
	check("about itself", peer.box->value[1], 0);
	check("its port 1", peer.box->value[2], EVTCHNSTAT_closed);
}
