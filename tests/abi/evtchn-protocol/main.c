/* SPDX-License-Identifier: MIT */
/* Rule: pending bit, then selector, then upcall; a masked port stops after the first. */
/* as: dom0, domU */
#include "../kit/kit.h"

TEST
{
	unsigned int port = event_self(), far = 0;
	struct evtchn_unmask unmask = { .port = port };

	check("send to an unmasked port", event_send(port), 0);
	check("pending", event_pending(port), 1);
	check("selector", vcpu->evtchn_pending_sel, 1);
	check("upcall pending", vcpu->evtchn_upcall_pending, 1);
	event_clear(port);
	vcpu->evtchn_pending_sel = 0;
	vcpu->evtchn_upcall_pending = 0;

	event_mask(port);
	check("send to a masked port", event_send(port), 0);
	check("pending", event_pending(port), 1);
	check("selector", vcpu->evtchn_pending_sel, 0);
	check("upcall pending", vcpu->evtchn_upcall_pending, 0);
	check("unmask", hypercall(event_channel_op, EVTCHNOP_unmask, &unmask), 0);
	check("masked", event_masked(port), 0);
	check("selector", vcpu->evtchn_pending_sel, 1);
	check("upcall pending", vcpu->evtchn_upcall_pending, 1);
	vcpu->evtchn_pending_sel = 0;
	vcpu->evtchn_upcall_pending = 0;
	check("send while it is pending", event_send(port), 0);
	check("selector, left alone", vcpu->evtchn_pending_sel, 0);
	check("unmask of one not masked", hypercall(event_channel_op, EVTCHNOP_unmask, &unmask), 0);
	check("selector, left alone", vcpu->evtchn_pending_sel, 0);
	event_clear(port);

	while (far < 64)
		far = event_self();
	check("send to a port of the second word", event_send(far), 0);
	check("selector", vcpu->evtchn_pending_sel, 2);
	vcpu->evtchn_upcall_pending = 0;
	check("a port of the first word, while the selector has the second", event_send(port), 0);
	check("selector", vcpu->evtchn_pending_sel, 3);
	check("upcall pending", vcpu->evtchn_upcall_pending, 1);
	events_on();
	check("counted", event_count[port] + event_count[far], 2);
}
