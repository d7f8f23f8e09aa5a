/* SPDX-License-Identifier: MIT */
/* Rule: a domain has as many ports as it was created with; then each way to one is -ENOSPC. */
#include "../kit/kit.h"

enum { ALLOC, IPI, VIRQ, INTERDOMAIN, REST = 8 };

static void peer_fills(void)
{
	struct evtchn_alloc_unbound alloc = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
	struct evtchn_bind_ipi ipi = { .vcpu = 0 };
	struct evtchn_bind_virq virq = { .virq = VIRQ_DEBUG };
	struct evtchn_bind_interdomain inter = { .remote_dom = DOMID_SELF, .remote_port = 1 };
	unsigned int last = 0;

	while (!hypercall(event_channel_op, EVTCHNOP_alloc_unbound, &alloc)) {
		last = alloc.port;
		box.value[REST]++;
	}
	box.value[REST + 1] = last;
	box.value[ALLOC] = hypercall(event_channel_op, EVTCHNOP_alloc_unbound, &alloc);
	box.value[IPI] = hypercall(event_channel_op, EVTCHNOP_bind_ipi, &ipi);
	box.value[VIRQ] = hypercall(event_channel_op, EVTCHNOP_bind_virq, &virq);
	box.value[INTERDOMAIN] = hypercall(event_channel_op, EVTCHNOP_bind_interdomain, &inter);
	box.value[REST + 2] = event_close(500);
	box.value[REST + 3] = event_close(400);
	box.value[REST + 4] = hypercall(event_channel_op, EVTCHNOP_bind_ipi, &ipi);
	box.value[REST + 5] = ipi.port;
	box.value[REST + 6] = hypercall(event_channel_op, EVTCHNOP_bind_interdomain, &inter);
	box.value[REST + 7] = inter.local_port;
	box.value[REST + 8] = hypercall(event_channel_op, EVTCHNOP_alloc_unbound, &alloc);
}

TEST
{
	static struct peer peer;
	struct evtchn_alloc_unbound alloc = { .remote_dom = DOMID_SELF };

	peer_start(&peer, 1, peer_fills);
	check("a peer ends", peer_wait(&peer, 20000), SHUTDOWN_poweroff);
	check("ports of 1023 that it got", peer.box->value[REST], 1023);
	check("the last", peer.box->value[REST + 1], 1023);
	check("alloc_unbound", peer.box->value[ALLOC], -XEN_ENOSPC);
	check("bind_ipi", peer.box->value[IPI], -XEN_ENOSPC);
	check("bind_virq", peer.box->value[VIRQ], -XEN_ENOSPC);
	check("bind_interdomain", peer.box->value[INTERDOMAIN], -XEN_ENOSPC);
	alloc.dom = peer.id;
	check("alloc_unbound for it", hypercall(event_channel_op, EVTCHNOP_alloc_unbound, &alloc),
	      -XEN_ENOSPC);
	check("close of port 500", peer.box->value[REST + 2], 0);
	check("close of port 400", peer.box->value[REST + 3], 0);
	check("bind_ipi", peer.box->value[REST + 4], 0);
	check("takes the lower", peer.box->value[REST + 5], 400);
	check("bind_interdomain", peer.box->value[REST + 6], 0);
	check("takes the other", peer.box->value[REST + 7], 500);
	check("and then there is none", peer.box->value[REST + 8], -XEN_ENOSPC);
}
