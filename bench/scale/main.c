/* SPDX-License-Identifier: MIT */
/*
 * How operations scale with processors: as many domains as there are processors do the same one for
 * a while, each on its own. What they did in a second, all together; a lock that they shared would
 * show. Then two domains send each other one event in turn, on the first and the last processor.
 * Started as dom0, with the word domains=N.
 */
#include "tests/abi/kit/kit.h"

#define DOMAINS_MAX 8
#define WINDOW_MS   500
#define REF         8
#define BATCH       32

enum { OP, COUNT, ID, PORT, READY }; /* in a peer's box */

static char page[PAGE_SIZE] ALIGNED(PAGE_SIZE), window[PAGE_SIZE] ALIGNED(PAGE_SIZE);
static unsigned int port;

static void op_null(void)
{
	hypercall_n(__HYPERVISOR_xen_version, XENVER_version, 0, 0, 0, 0);
}

static void op_event(void)
{
	struct evtchn_send send = { .port = port };

	hypercall_n(__HYPERVISOR_event_channel_op, EVTCHNOP_send, (ulong)&send, 0, 0, 0);
}

static void op_remap(void)
{
	static bool other;

	other = !other;
	hypercall_n(__HYPERVISOR_update_va_mapping, (ulong)window,
		    mfn_of(other ? page : window) * PAGE_SIZE | PTE_KERN, UVMF_INVLPG | UVMF_LOCAL,
		    0, 0);
}

static void op_grant(void)
{
	grant_handle_t handle;

	if (!grant_map(DOMID_SELF, REF, (ulong)window, GNTMAP_host_map, &handle))
		grant_unmap(handle, (ulong)window);
}

static const struct {
	const char *name;
	void (*fn)(void);
} ops[] = {
	{ "null hypercall", op_null },
	{ "event sent to itself", op_event },
	{ "update_va_mapping, INVLPG", op_remap },
	{ "grant map and unmap", op_grant },
};

/* Does what its box says; -1: nothing. */
static void peer_works(void)
{
	long op;

	grant_init();
	port = event_self();
	event_mask(port);
	grant_give(REF, (domid_t)box.value[ID], page, 0);
	for (;;) {
		op = box.value[OP];
		if (op < 0) {
			hypercall(sched_op, SCHEDOP_yield);
			continue;
		}
		for (unsigned int i = 0; i < BATCH; i++)
			ops[op].fn();
		box.value[COUNT] += BATCH;
	}
}

static void nap(unsigned int ms)
{
	struct sched_poll poll = { .timeout = time_now() + ms * MS };

	hypercall(sched_op, SCHEDOP_poll, &poll);
}

static void say(const char *name, unsigned int n, uint64_t per_second)
{
	char text[128];

	console_write(text, str_format(text, sizeof(text), "scale: %u domains: %s: %lu per s\n", n,
				       name, per_second));
}

static long sum(struct peer *peers, unsigned int n)
{
	long all = 0;

	while (n--)
		all += peers[n].box->value[COUNT];
	return all;
}

/* --- Ping-pong -------------------------------------------------------------------------------- */

/* Masked: it makes no upcall, poll alone sees it. */
static void event_wait(unsigned int which)
{
	struct sched_poll poll = { .nr_ports = 1 };

	set_xen_guest_handle(poll.ports, &which);
	while (!event_pending(which))
		hypercall(sched_op, SCHEDOP_poll, &poll);
	event_clear(which);
}

static void peer_answers(void)
{
	struct evtchn_bind_interdomain bind = { .remote_port = (evtchn_port_t)box.value[PORT] };

	if (hypercall(event_channel_op, EVTCHNOP_bind_interdomain, &bind))
		return;
	event_mask(bind.local_port);
	event_clear(bind.local_port);
	for (box.value[READY] = 1;;) {
		event_wait(bind.local_port);
		event_send(bind.local_port);
	}
}

/* One event there and one back is one. */
static void ping_pong(unsigned int n)
{
	static struct peer peer;
	uint64_t begun, count = 0;

	peer_create(&peer, 1);
	peer_build(&peer, peer_answers);
	bind_to(0, 0);
	bind_to(peer.id, n - 1);
	port = event_alloc(DOMID_SELF, peer.id);
	event_mask(port);
	peer.box->value[PORT] = port;
	peer_unpause(&peer);
	if (!wait_for(peer.box->value[READY], 3000)) {
		error("the partner does not start");
		return;
	}
	event_clear(port);
	for (begun = time_now(); time_now() - begun < WINDOW_MS * MS; count++) {
		event_send(port);
		event_wait(port);
	}
	say("ping-pong, first and last", n, count * 1000 / ((time_now() - begun) / MS));
	peer_destroy(&peer);
}

TEST
{
	unsigned int n = MIN((unsigned int)argument("domains=", 1), DOMAINS_MAX + 0u);
	static struct peer peers[DOMAINS_MAX];
	uint64_t begun;
	long before;

	for (unsigned int i = 0; i < n; i++) {
		peer_create(&peers[i], 1);
		peer_build(&peers[i], peer_works);
		peers[i].box->value[OP] = -1;
		peers[i].box->value[ID] = peers[i].id;
		peer_unpause(&peers[i]);
	}
	for (unsigned int op = 0; op < ARRAY_SIZE(ops); op++) {
		for (unsigned int i = 0; i < n; i++)
			peers[i].box->value[OP] = (long)op;
		nap(WINDOW_MS / 5); /* until all are at it */
		before = sum(peers, n);
		begun = time_now();
		nap(WINDOW_MS);
		say(ops[op].name, n,
		    (uint64_t)(sum(peers, n) - before) * 1000 / ((time_now() - begun) / MS));
	}
	for (unsigned int i = 0; i < n; i++)
		peer_destroy(&peers[i]);
	ping_pong(n);
}
