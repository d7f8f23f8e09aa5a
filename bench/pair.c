/* SPDX-License-Identifier: MIT */
/* The ping-pong: send, block until the answer's upcall; the partner does the same the other way. */
#include "bench.h"
#include "pair.h"

enum { REMOTE_PORT, READY, ANSWERS };

static struct peer peer;
static unsigned int port;
static ulong before;
static long answers;

/* Upcalls are off between the test and block, which turns them on: no event can come unseen. */
static void wait_handled(ulong than)
{
	for (;;) {
		events_off();
		if (handled != than)
			return;
		call2(sched_op, SCHEDOP_block, 0);
	}
}

static void send(unsigned int to)
{
	struct evtchn_send op = { .port = to };

	result = call2(event_channel_op, EVTCHNOP_send, &op);
}

static void answer_for_ever(void)
{
	struct evtchn_bind_interdomain bind = { .remote_port = box.value[REMOTE_PORT] };
	ulong seen = 0;

	hypercall(event_channel_op, EVTCHNOP_bind_interdomain, &bind);
	event_clear(bind.local_port);
	upcall_set(bind.local_port);
	handled = 0;
	for (box.value[READY] = 1;; seen++) {
		wait_handled(seen);
		box.value[ANSWERS]++;
		send(bind.local_port);
	}
}

static void pin_to(domid_t domid, unsigned int processor)
{
	static uint8_t bits[8];
	struct xen_domctl op = { .u.vcpuaffinity = { .flags = XEN_VCPUAFFINITY_HARD } };

	bits[0] = 1 << processor;
	op.u.vcpuaffinity.cpumap_hard.nr_bits = 64;
	set_xen_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, bits);
	if (domctl(&op, XEN_DOMCTL_setvcpuaffinity, domid))
		error("domain %u cannot be bound to processor %u", domid, processor);
}

static void begin(bool apart)
{
	peer_create(&peer, 1);
	peer_build(&peer, answer_for_ever);
	if (apart) {
		pin_to(0, 0);
		pin_to(peer.id, 1);
	}
	port = event_alloc(DOMID_SELF, peer.id);
	upcall_set(port);
	peer.box->value[REMOTE_PORT] = port;
	peer_unpause(&peer);
	if (!wait_for(peer.box->value[READY], 3000))
		error("the partner does not start");
	event_clear(port);
}

void pair_begin(void)
{
	begin(false);
}

void pair_begin_apart(void)
{
	begin(true);
}

void pair_end(void)
{
	upcall_reset();
	peer_destroy(&peer);
	event_close(port);
}

void pair_before(void)
{
	before = handled;
	answers = peer.box->value[ANSWERS];
}

void pair_op(void)
{
	send(port);
	wait_handled(before);
}

bool pair_done(void)
{
	return !result && handled == before + 1 && peer.box->value[ANSWERS] == answers + 1;
}
