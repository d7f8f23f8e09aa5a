/* SPDX-License-Identifier: MIT */
/*
 * Rule: domains of three vcpus each map, unmap, pin, grant, signal, sleep, take and give memory
 * all at once, and are destroyed in the middle of it; every reference to a frame is somebody's
 * meanwhile (Lamina's debug key F counts them), and afterwards their frames are free again. On
 * several processors this is the test of the hypervisor's locks; on one it is only long.
 *
 * differs: each run makes its own choices, and tells by which seed.
 *
 * The word seed=N repeats a run's choices, rounds=N makes it longer, q=1 asks for a list of the
 * domains each time, too.
 */
/* since: 4.17.7 */
#include "../kit/kit.h"

#define PEERS      3
#define VCPUS      3
#define ROUNDS     6
#define ROUND_OPS  200 /* of each vcpu */
#define POOL       12
#define WINDOWS    8
#define FIRST_REF  8

static char pages[POOL][PAGE_SIZE] ALIGNED(PAGE_SIZE);
static char windows[VCPUS][WINDOWS][PAGE_SIZE] ALIGNED(PAGE_SIZE);
static char shared_window[PAGE_SIZE] ALIGNED(PAGE_SIZE);
static char fifo_control[VCPUS][PAGE_SIZE] ALIGNED(PAGE_SIZE);
static char fifo_words[PAGE_SIZE] ALIGNED(PAGE_SIZE);
static evtchn_port_t ports[4];

/* In a peer's box: what its creator tells it, and what it tells back. */
/* The domains form a ring: each maps what the neighbour gives, and gives to its client. */
enum { SEED, NEIGHBOUR, CLIENT, STARTED, FIFO, OPS = 8, MAPPED = 12, BOUND, COPIED };

struct worker {
	unsigned int id;
	uint64_t state;
	grant_handle_t handle;
	bool mapped;
	xen_pfn_t extra; /* a page beyond the pool, or 0 */
};

static unsigned int chance(struct worker *w, unsigned int n)
{
	uint64_t x = w->state += 0x9e3779b97f4a7c15UL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9UL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebUL;
	return (unsigned int)((x >> 33) % n);
}

static void *any_page(struct worker *w)
{
	return pages[chance(w, POOL)];
}

/* Windows are in the image's L1: one that a neighbouring vcpu uses too, and a vcpu's own. */
static void *any_window(struct worker *w)
{
	return chance(w, 4) ? windows[w->id][chance(w, WINDOWS)] : shared_window;
}

static void op_map(struct worker *w)
{
	static const ulong flush[] = { UVMF_NONE, UVMF_INVLPG | UVMF_ALL, UVMF_TLB_FLUSH | UVMF_ALL,
				       UVMF_INVLPG | UVMF_LOCAL };
	uint64_t pte = mfn_of(any_page(w)) * PAGE_SIZE | (chance(w, 2) ? PTE_KERN : PTE_RO);

	hypercall(update_va_mapping, any_window(w), chance(w, 3) ? pte : 0, flush[chance(w, 4)]);
}

/* The linear mappings of the pool come and go, so that pages can become tables. */
static void op_protect(struct worker *w)
{
	void *page = any_page(w);

	hypercall(update_va_mapping, page,
		  mfn_of(page) * PAGE_SIZE | (chance(w, 4) ? PTE_RO : PTE_KERN),
		  UVMF_INVLPG | (chance(w, 2) ? UVMF_ALL : UVMF_LOCAL));
}

static void op_pin(struct worker *w)
{
	struct mmuext_op op = { .cmd = chance(w, 2) ? MMUEXT_UNPIN_TABLE
						    : MMUEXT_PIN_L1_TABLE + chance(w, 2) };

	op.arg1.mfn = mfn_of(any_page(w));
	hypercall(mmuext_op, &op, 1, 0, DOMID_SELF);
}

static void op_update(struct worker *w)
{
	struct mmu_update u[8];
	unsigned int i, n = 1 + chance(w, ARRAY_SIZE(u));
	void *table = any_page(w);

	for (i = 0; i < n; i++) {
		u[i].ptr =
			mfn_of(chance(w, 4) ? table : any_page(w)) * PAGE_SIZE | chance(w, 512) * 8;
		u[i].val = chance(w, 3) ? mfn_of(any_page(w)) * PAGE_SIZE |
						  (chance(w, 2) ? PTE_KERN : PTE_RO)
					: 0;
	}
	hypercall(mmu_update, u, n, 0, DOMID_SELF);
}

/* Zeroed by the hypervisor, so that it is valid as a table of any kind. */
static void op_clear(struct worker *w)
{
	struct mmuext_op op = { .cmd = chance(w, 2) ? MMUEXT_CLEAR_PAGE : MMUEXT_COPY_PAGE };

	op.arg1.mfn = mfn_of(any_page(w));
	op.arg2.src_mfn = mfn_of(any_page(w));
	hypercall(mmuext_op, &op, 1, 0, DOMID_SELF);
}

static void op_grant(struct worker *w)
{
	domid_t neighbour = (domid_t)box.value[NEIGHBOUR];
	void *at = windows[w->id][0];

	switch (chance(w, 4)) {
	case 0:
		grant_give(FIRST_REF + chance(w, 8), (domid_t)box.value[CLIENT], any_page(w),
			   chance(w, 2) ? GTF_readonly : 0);
		break;
	case 1:
		grant_table[FIRST_REF + chance(w, 8)].flags = 0;
		break;
	case 2:
		if (!w->mapped)
			w->mapped = !grant_map(
				neighbour, FIRST_REF + chance(w, 8), (ulong)at,
				GNTMAP_host_map | (chance(w, 2) ? GNTMAP_readonly : 0) |
					(chance(w, 4) ? 0 : GNTMAP_device_map),
				&w->handle);
		box.value[MAPPED] += w->mapped;
		break;
	default:
		/* At times the other vcpu's, and at times one that is not mapped. */
		if (!grant_unmap(chance(w, 8) ? w->handle : chance(w, 4), (ulong)at))
			w->mapped = false;
		else if (!chance(w, 16))
			w->mapped = false;
	}
}

static void op_copy(struct worker *w)
{
	bool out = chance(w, 2);
	struct gnttab_copy copy = { .flags = out ? GNTCOPY_dest_gref : GNTCOPY_source_gref,
				    .len = 64 };
	struct gnttab_copy_ptr *ref = out ? (void *)&copy.dest : (void *)&copy.source;
	struct gnttab_copy_ptr *own = out ? (void *)&copy.source : (void *)&copy.dest;

	ref->domid = (domid_t)box.value[NEIGHBOUR];
	ref->u.ref = FIRST_REF + chance(w, 8);
	own->domid = DOMID_SELF;
	own->u.gmfn = mfn_of(any_page(w));
	hypercall(grant_table_op, GNTTABOP_copy, &copy, 1);
	box.value[COPIED] += !copy.status;
}

/* One more page, mapped, and given up while it is mapped or not. */
static void op_memory(struct worker *w)
{
	struct xen_memory_reservation r = { .nr_extents = 1, .domid = DOMID_SELF };

	set_xen_guest_handle(r.extent_start, &w->extra);
	if (w->extra) {
		hypercall(memory_op, XENMEM_decrease_reservation, &r);
		w->extra = 0;
	} else if (hypercall(memory_op, XENMEM_increase_reservation, &r) == 1) {
		hypercall(update_va_mapping, any_window(w), w->extra * PAGE_SIZE | PTE_KERN,
			  UVMF_INVLPG | UVMF_ALL);
	} else {
		w->extra = 0;
	}
}

static void op_signal(struct worker *w)
{
	struct evtchn_bind_interdomain bind = { .remote_dom = (domid_t)box.value[NEIGHBOUR],
						.remote_port = 1 + chance(w, 16) };
	unsigned int i = chance(w, ARRAY_SIZE(ports));

	switch (chance(w, 8)) {
	case 0:
		box.value[BOUND] += !hypercall(event_channel_op, EVTCHNOP_bind_interdomain, &bind);
		break;
	case 1:
		event_close(1 + chance(w, 16));
		break;
	case 2: {
		struct evtchn_alloc_unbound alloc = { .dom = DOMID_SELF,
						      .remote_dom = (domid_t)box.value[CLIENT] };

		if (!hypercall(event_channel_op, EVTCHNOP_alloc_unbound, &alloc))
			ports[i] = alloc.port;
		break;
	}
	case 3: {
		struct evtchn_bind_ipi ipi = { .vcpu = chance(w, VCPUS) };

		if (!hypercall(event_channel_op, EVTCHNOP_bind_ipi, &ipi))
			ports[i] = ipi.port;
		break;
	}
	default:
		event_send(1 + chance(w, 16));
	}
}

static void op_sleep(struct worker *w)
{
	evtchn_port_t port = ports[chance(w, ARRAY_SIZE(ports))];
	struct sched_poll poll = { .nr_ports = 1, .timeout = time_now() + chance(w, 500) * 1000 };

	if (chance(w, 2)) {
		hypercall(sched_op, SCHEDOP_yield);
		return;
	}
	set_xen_guest_handle(poll.ports, &port);
	hypercall(sched_op, SCHEDOP_poll, &poll);
}

static void work(unsigned int id)
{
	static void (*const ops[])(struct worker *) = { op_map,   op_map,    op_protect, op_pin,
							op_pin,   op_update, op_update,  op_clear,
							op_grant, op_grant,  op_copy,    op_signal,
							op_sleep, op_memory };
	struct worker w = { .id = id, .state = (uint64_t)box.value[SEED] * VCPUS + id };

	for (;;) {
		ops[chance(&w, ARRAY_SIZE(ops))](&w);
		box.value[OPS + id]++;
	}
}

static void second(void)
{
	work(1);
}

static void third(void)
{
	work(2);
}

/* 0: this domain's event channels are FIFO from now on. */
static long fifo_begin(void)
{
	struct evtchn_expand_array expand = { .array_gfn = mfn_of(fifo_words) };
	long err = 0;

	for (unsigned int id = 0; id < VCPUS; id++) {
		struct evtchn_init_control init = { .control_gfn = mfn_of(fifo_control[id]),
						    .vcpu = id };

		err |= hypercall(event_channel_op, EVTCHNOP_init_control, &init);
	}
	return err | hypercall(event_channel_op, EVTCHNOP_expand_array, &expand);
}

static void first(void)
{
	grant_init();
	if (box.value[FIFO])
		box.value[FIFO] = 1 + fifo_begin();
	box.value[STARTED] = vcpu_start(1, second) || vcpu_start(2, third);
	work(0);
}

/* What Lamina's audit of frames says; 0 of a hypervisor that has none. */
static long frames_wrong(void)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_debug_keys,
				 .interface_version = XEN_SYSCTL_INTERFACE_VERSION };
	static const char mark[] = "frames: ", in_use[] = " in use, ";
	static char text[32769], keys[] = "Fq";
	const char *at = text, *said = NULL;
	long wrong = 0;

	op.u.debug_keys.nr_keys = argument("q=", 0) ? 2 : 1;
	set_xen_guest_handle(op.u.debug_keys.keys, keys);
	if (hypercall(sysctl, &op))
		return -1;
	memset(&op.u, 0, sizeof(op.u));
	op.cmd = XEN_SYSCTL_readconsole;
	op.u.readconsole.count = sizeof(text) - 1;
	op.u.readconsole.clear = 1;
	set_xen_guest_handle(op.u.readconsole.buffer, text);
	if (hypercall(sysctl, &op))
		return -1;
	text[op.u.readconsole.count] = 0;
	while ((at = strstr(at, mark)) != NULL)
		said = at++;
	said = said ? strstr(said, in_use) : NULL;
	if (!said)
		return 0;
	for (said += sizeof(in_use) - 1; *said >= '0' && *said <= '9'; said++)
		wrong = wrong * 10 + *said - '0';
	return wrong;
}

static long free_pages(void)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_physinfo,
				 .interface_version = XEN_SYSCTL_INTERFACE_VERSION };

	return hypercall(sysctl, &op) ? -1 : (long)op.u.physinfo.free_pages;
}

static void peers_start(struct peer *peers, unsigned int seed)
{
	for (unsigned int i = 0; i < PEERS; i++) {
		peer_create(&peers[i], VCPUS);
		peer_build(&peers[i], first);
	}
	for (unsigned int i = 0; i < PEERS; i++) {
		peers[i].box->value[SEED] = seed * PEERS + i + 1;
		peers[i].box->value[NEIGHBOUR] = peers[(i + 1) % PEERS].id;
		peers[i].box->value[CLIENT] = peers[(i + PEERS - 1) % PEERS].id;
		peers[i].box->value[FIFO] = i == 0; /* one of them */
		peer_unpause(&peers[i]);
	}
}

static bool all_worked(struct peer *peer)
{
	for (unsigned int id = 0; id < VCPUS; id++)
		if (peer->box->value[OPS + id] < ROUND_OPS)
			return false;
	return true;
}

static long shared_work[3]; /* grants mapped, ports bound, copies made by all of them */

static void round_run(struct peer *peers, unsigned int seed, unsigned int *worked, long *wrong)
{
	peers_start(peers, seed);
	for (unsigned int i = 0; i < PEERS; i++)
		*worked += sleep_for(all_worked(&peers[i]), 20000);
	*wrong += frames_wrong();
	if (peers[0].box->value[FIFO] != 1)
		error("no FIFO event channels");
	for (unsigned int i = 0; i < PEERS; i++) {
		for (unsigned int at = MAPPED; at <= COPIED; at++)
			shared_work[at - MAPPED] += peers[i].box->value[at];
		peer_destroy(&peers[i]);
	}
}

TEST
{
	unsigned int seed = (unsigned int)argument("seed=", time_now() / 1000 % 60000);
	unsigned int rounds = (unsigned int)argument("rounds=", ROUNDS), worked = 0, none = 0;
	long before, wrong = 0, some = (long)(rounds * PEERS / 2);
	static struct peer peers[PEERS];

	check("seed", seed, seed);
	round_run(peers, seed, &none, &wrong);
	(void)sleep_for(false, 400); /* what was freed late */
	before = free_pages();
	for (unsigned int round = 1; round <= rounds; round++)
		round_run(peers, seed + round, &worked, &wrong);
	check("domains whose vcpus all worked", worked, rounds * PEERS);
	check_that("they mapped grants, bound ports and copied",
		   shared_work[0] && shared_work[1] && shared_work[2]);
	check("frames with wrong counts while they did", wrong, 0);
	/* Stock Xen's heap keeps a few pages it grew by; one lost with each domain would be 18. */
	(void)sleep_for(before - free_pages() < some, 2000);
	check("frames are missing", before - free_pages() >= some, false);
	check("frames with wrong counts", frames_wrong(), 0);
}
