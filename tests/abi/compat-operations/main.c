/* SPDX-License-Identifier: MIT */
/*
 * Rule: the numbers of before Xen 3.2 still do their oldest operations: yield, block, and events
 * with the command in the argument.
 */
/* as: dom0, domU */
#include "../kit/kit.h"

static long event_compat(struct evtchn_op *op, unsigned int cmd)
{
	op->cmd = cmd;
	return hypercall(event_channel_op_compat, op);
}

TEST
{
	struct evtchn_op op = { 0 };
	unsigned int port;

	check("yield", hypercall(sched_op_compat, SCHEDOP_yield, 0), 0);
	port = event_self();
	event_send(port);
	check("block, with an event pending", hypercall(sched_op_compat, SCHEDOP_block, 0), 0);
	check("which enables upcalls", vcpu->evtchn_upcall_mask, 0);
	events_off();
	check("poll", hypercall(sched_op_compat, SCHEDOP_poll, 0), -XEN_ENOSYS);
	check("command 99", hypercall(sched_op_compat, 99, 0), -XEN_ENOSYS);

	op.u.alloc_unbound = (struct evtchn_alloc_unbound){ .dom = DOMID_SELF,
							    .remote_dom = DOMID_SELF };
	check("alloc_unbound", event_compat(&op, EVTCHNOP_alloc_unbound), 0);
	port = op.u.alloc_unbound.port;
	check_that("a port", port);
	op.u.send.port = port;
	check("send", event_compat(&op, EVTCHNOP_send), 0);
	op.u.unmask.port = port;
	check("unmask", event_compat(&op, EVTCHNOP_unmask), 0);
	op.u.close.port = port;
	check("close", event_compat(&op, EVTCHNOP_close), 0);
	check("close twice", event_compat(&op, EVTCHNOP_close), -XEN_EINVAL);
	check("reset, which came later", event_compat(&op, EVTCHNOP_reset), -XEN_ENOSYS);
	check("command 99", event_compat(&op, 99), -XEN_ENOSYS);
}
