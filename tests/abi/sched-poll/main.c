/* SPDX-License-Identifier: MIT */
/* Rule: poll waits for one of its ports to be pending, masked or not, or for its timeout. */
#include "../kit/kit.h"

static long poll(const evtchn_port_t *ports, unsigned int n, uint64_t timeout)
{
	struct sched_poll op = { .nr_ports = n, .timeout = timeout };

	set_xen_guest_handle(op.ports, (evtchn_port_t *)ports);
	return hypercall(sched_op, SCHEDOP_poll, &op);
}

static void peer_sends(void)
{
	struct evtchn_bind_interdomain bind = { .remote_dom = 0, .remote_port = box.value[9] };
	uint64_t end = time_now() + 50 * MS;

	hypercall(event_channel_op, EVTCHNOP_bind_interdomain, &bind);
	while (time_now() < end)
		hypercall(sched_op, SCHEDOP_yield);
	event_send(bind.local_port);
}

TEST
{
	static evtchn_port_t ports[200];
	static struct peer peer;
	unsigned int own = event_self();
	uint64_t start = time_now();

	hypercall(vcpu_op, VCPUOP_stop_periodic_timer, 0);
	ports[0] = own;
	check("of one port, 20 ms", poll(ports, 1, start + 20 * MS), 0);
	check_that("took them", time_now() - start >= 20 * MS && time_now() - start < 1000 * MS);
	event_mask(own);
	event_send(own);
	check("of a masked port that is pending", poll(ports, 1, 0), 0);
	check("it stays pending", event_pending(own), 1);
	check("no upcall for it", upcall_count, 0);
	event_clear(own);
	check("with a timeout that is past", poll(ports, 1, 1), 0);
	ports[1] = 1 << 20;
	check("of a port out of range", poll(ports, 2, time_now() + 10 * MS), -XEN_EINVAL);
	check("of 129 ports", poll(ports, 129, time_now() + 10 * MS), -XEN_EINVAL);
	check("of none, 10 ms", poll(ports, 0, time_now() + 10 * MS), 0);
	check("of ports that are not mapped", poll((void *)VA_UNMAPPED, 1, 0), -XEN_EFAULT);

	peer_create(&peer, 1);
	peer_build(&peer, peer_sends);
	ports[1] = peer.box->value[9] = event_alloc(DOMID_SELF, peer.id);
	event_mask(ports[1]);
	peer_unpause(&peer);
	start = time_now();
	check("of two ports, the second of which a peer sends to", poll(ports, 2, 0), 0);
	check("it is pending", event_pending(ports[1]), 1);
	check("the peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
}
