/* SPDX-License-Identifier: MIT */
/* Rows of event channels within one domain. */
#include "bench.h"

static unsigned int port;
static ulong before;

static void send_op(void)
{
	static struct evtchn_send send;

	send.port = port;
	result = call2(event_channel_op, EVTCHNOP_send, &send);
}

static void port_begin(void)
{
	port = event_self();
}

static void port_end(void)
{
	event_close(port);
}

static void pending_clear(void)
{
	event_clear(port);
	shared->vcpu_info[0].evtchn_upcall_pending = 0;
	shared->vcpu_info[0].evtchn_pending_sel = 0;
}

static bool pending_done(void)
{
	return !result && event_pending(port);
}

static void masked_begin(void)
{
	port_begin();
	event_mask(port);
}

/* Masked: the bit is set, and nobody is told. */
static bool masked_done(void)
{
	return pending_done() && !vcpu->evtchn_upcall_pending;
}

static bool marked_done(void)
{
	return pending_done() && vcpu->evtchn_upcall_pending;
}

static void upcall_begin(void)
{
	port_begin();
	upcall_set(port);
}

static void upcall_end(void)
{
	upcall_reset();
	port_end();
}

static void upcall_before(void)
{
	before = handled;
	events_on();
}

static bool upcall_done(void)
{
	return !result && handled == before + 1 && !event_pending(port) &&
	       !vcpu->evtchn_upcall_mask;
}

/*
 * --- making and closing ports -------------------------------------------------------------------
 */

static struct evtchn_alloc_unbound alloc;

static void alloc_before(void)
{
	alloc = (struct evtchn_alloc_unbound){ .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
}

static void alloc_op(void)
{
	result = call2(event_channel_op, EVTCHNOP_alloc_unbound, &alloc);
}

static long status_of(unsigned int of)
{
	struct evtchn_status status = { .dom = DOMID_SELF, .port = of };

	return hypercall(event_channel_op, EVTCHNOP_status, &status) ?: (long)status.status;
}

static bool alloc_done(void)
{
	return !result && status_of(alloc.port) == EVTCHNSTAT_unbound;
}

static void alloc_after(void)
{
	event_close(alloc.port);
}

static void close_before(void)
{
	alloc_before();
	hypercall(event_channel_op, EVTCHNOP_alloc_unbound, &alloc);
}

static void close_op(void)
{
	static struct evtchn_close close;

	close.port = alloc.port;
	result = call2(event_channel_op, EVTCHNOP_close, &close);
}

static bool close_done(void)
{
	return !result && status_of(alloc.port) == EVTCHNSTAT_closed;
}

static struct evtchn_bind_ipi bind;

static void bind_op(void)
{
	result = call2(event_channel_op, EVTCHNOP_bind_ipi, &bind);
}

static bool bind_done(void)
{
	return !result && status_of(bind.port) == EVTCHNSTAT_ipi;
}

static void bind_after(void)
{
	event_close(bind.port);
}

GROUP(event, {
	{ "evtchn send, masked", .op = send_op, .done = masked_done, .before = pending_clear,
	  .begin = masked_begin, .end = port_end, .target = 90 },
	{ "evtchn send, pending already", .op = send_op, .done = pending_done,
	  .begin = port_begin, .end = port_end },
	{ "evtchn send, upcalls off", .op = send_op, .done = marked_done,
	  .before = pending_clear, .begin = port_begin, .end = port_end },
	{ "evtchn send + upcall + iret", .op = send_op, .done = upcall_done,
	  .before = upcall_before, .after = events_off, .begin = upcall_begin,
	  .end = upcall_end, .target = 240 },
	{ "evtchn alloc_unbound", .op = alloc_op, .done = alloc_done, .before = alloc_before,
	  .after = alloc_after },
	{ "evtchn bind_ipi", .op = bind_op, .done = bind_done, .after = bind_after },
	{ "evtchn close", .op = close_op, .done = close_done, .before = close_before },
});
