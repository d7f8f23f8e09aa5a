/* SPDX-License-Identifier: MIT */
/* Rows of whole domains: made, entered, left for one another and destroyed, on one processor. */
#include "bench.h"
#include "pair.h"

#define SAMPLES_DOMAIN 12 /* each takes a page of the kit's pool */

#define TSC_MODE_NEVER_EMULATE 2 /* of XEN_DOMCTL_settscinfo; the headers do not name it */

enum { STAMP, TURNS };

static struct peer peer;
static long turns;

static void create_op(void)
{
	peer_create(&peer, 1);
}

static void destroy_op(void)
{
	result = peer_destroy(&peer);
}

static long info_of(domid_t id)
{
	struct xen_domctl op = { 0 };

	return domctl(&op, XEN_DOMCTL_getdomaininfo, id);
}

static bool created(void)
{
	return !info_of(peer.id);
}

static void build_idle(void)
{
	peer_create(&peer, 1);
	peer_build(&peer, op_empty);
}

/*
 * The same, beginning at stamp_start. A scheduler lets who wakes go first where the other one has
 * run for a while: without that, how long the building took would decide about a yield more.
 */
static void build_stamping(void)
{
	static struct vcpu_guest_context context;
	struct xen_domctl op = { 0 };

	build_idle();
	set_xen_guest_handle(op.u.vcpucontext.ctxt, &context);
	if (domctl(&op, XEN_DOMCTL_getvcpucontext, peer.id))
		error("no context of the new domain");
	context.user_regs.rip = (ulong)stamp_start;
	context.flags |= VGCF_online;
	set_xen_guest_handle(op.u.vcpucontext.ctxt, &context);
	if (domctl(&op, XEN_DOMCTL_setvcpucontext, peer.id))
		error("the new domain's entry cannot be moved");
	op.u.tsc_info = (struct xen_domctl_tsc_info){ .tsc_mode = TSC_MODE_NEVER_EMULATE };
	if (domctl(&op, XEN_DOMCTL_settscinfo, peer.id))
		error("the new domain's time-stamp counter is not the processor's");
	peer.box->value[STAMP] = 0;
	for (uint64_t until = time_now() + 2 * MS; time_now() < until;)
		;
}

static void first_op(void)
{
	peer_unpause(&peer);
	while (!peer.box->value[STAMP])
		hypercall(sched_op, SCHEDOP_yield);
	probe_end = peer.box->value[STAMP];
}

static bool first_done(void)
{
	return peer_wait(&peer, 3000) == SHUTDOWN_poweroff;
}

static void run_to_end(void)
{
	build_idle();
	peer_unpause(&peer);
	peer_wait(&peer, 3000);
}

static bool destroyed(void)
{
	return !result && (info_of(peer.id) == -XEN_ESRCH ||
			   wait_for(info_of(peer.id) == -XEN_ESRCH, 3000));
}

/*
 * --- two domains that take turns ----------------------------------------------------------------
 */

static void yield_for_ever(void)
{
	for (;;) {
		box.value[TURNS]++;
		hypercall(sched_op, SCHEDOP_yield);
	}
}

static void turns_begin(void)
{
	peer_start(&peer, 1, yield_for_ever);
}

static void turns_before(void)
{
	turns = peer.box->value[TURNS];
}

/* To the other and back. */
static void turns_op(void)
{
	do
		result = call2(sched_op, SCHEDOP_yield, 0);
	while (peer.box->value[TURNS] == turns);
}

GROUP(domain, {
	{ "context switch, by yield", .op = turns_op, .done = result_zero,
	  .before = turns_before, .begin = turns_begin, .end = destroy_op, .per = 2 },
	{ "ping-pong, one processor", .op = pair_op, .done = pair_done, .before = pair_before,
	  .after = events_off, .begin = pair_begin, .end = pair_end },
	{ "domain create", .op = create_op, .done = created, .after = destroy_op,
	  .samples = SAMPLES_FEW },
	{ "domain destroy, empty", .op = destroy_op, .done = destroyed, .before = create_op,
	  .samples = SAMPLES_FEW },
	{ "domain, unpause to first instruction", .op = first_op, .done = first_done,
	  .before = build_stamping, .after = destroy_op, .samples = SAMPLES_DOMAIN },
	{ "domain destroy, after it ran", .op = destroy_op, .done = destroyed,
	  .before = run_to_end, .samples = SAMPLES_DOMAIN },
});
