/* SPDX-License-Identifier: MIT */
/*
 * Rule: an argument that another vcpu changes meanwhile is read once: each answer is that of one of
 * its values, and nothing is done that neither of them asks for.
 *
 * On one processor the two vcpus take turns; on several (SMP=2) they race.
 */
#include "../kit/kit.h"

#define CALLS 3000
#define REF   8

/* What the other vcpu writes, over and over: the two values of the word at `where`. */
static volatile struct {
	volatile uint64_t *where;
	uint64_t value[2];
	ulong turns;
} racer;

enum { UPDATE, MULTICALL, COPY, MAP, SEND, POLL, GDT, RACES };

static void race(void)
{
	for (;;) {
		volatile uint64_t *where = racer.where;

		if (where) {
			*where = racer.value[0];
			*where = racer.value[1];
		}
		racer.turns++;
	}
}

/* From now on the word has one value or the other. The vcpu has left the one before. */
static void race_for(volatile void *where, uint64_t a, uint64_t b)
{
	ulong turns;

	racer.where = NULL;
	turns = racer.turns;
	if (!wait_for(racer.turns > turns + 2, 20000))
		error("the other vcpu does not run");
	racer.value[0] = a;
	racer.value[1] = b;
	barrier();
	if (where)
		*(volatile uint64_t *)where = a;
	racer.where = where;
}

/* The second value asks for a frame that is not ours. */
static long update_race(ulong foreign)
{
	static char page[PAGE_SIZE] ALIGNED(PAGE_SIZE);
	static struct mmu_update update;
	uint64_t good = mfn_of(page) * PAGE_SIZE | PTE_RO, bad = foreign * PAGE_SIZE | PTE_KERN;
	uint64_t entry;
	long wrong = 0, err;

	update.ptr = pte_address(page, 1);
	race_for(&update.val, good, bad);
	for (unsigned int i = 0; i < CALLS; i++) {
		err = hypercall(mmu_update, &update, 1, 0, DOMID_SELF);
		entry = READ_ONCE(*pte_of(page, 1));
		wrong += (err && err != -XEN_EBUSY) ||
			 PTE_MFN(entry) != mfn_of(page);
	}
	race_for(NULL, 0, 0);
	va_protect(page, PTE_KERN);
	return wrong;
}

static long multicall_race(void)
{
	static struct multicall_entry call;
	long wrong = 0, err, result;

	race_for(&call.op, __HYPERVISOR_xen_version, 4000);
	for (unsigned int i = 0; i < CALLS; i++) {
		call.args[0] = XENVER_pagesize;
		call.args[1] = 0;
		err = hypercall(multicall, &call, 1);
		result = (long)call.result;
		wrong += err || (result != PAGE_SIZE && result != -XEN_ENOSYS);
	}
	race_for(NULL, 0, 0);
	return wrong;
}

/* Offset and length share a word: 16 bytes from 0, or 16 that leave the page. */
static long copy_race(void)
{
	static char from[2 * PAGE_SIZE] ALIGNED(PAGE_SIZE), to[2 * PAGE_SIZE] ALIGNED(PAGE_SIZE);
	static struct gnttab_copy copy ALIGNED(16);
	volatile uint64_t *word = (volatile uint64_t *)&copy.dest.offset;
	uint64_t inside, outside;
	long wrong = 0, err;

	memset(from, 0x5a, sizeof(from));
	copy.source.domid = copy.dest.domid = DOMID_SELF;
	copy.source.u.gmfn = mfn_of(from);
	copy.dest.u.gmfn = mfn_of(to);
	copy.len = 16;
	inside = *word;
	copy.dest.offset = PAGE_SIZE - 8;
	outside = *word;
	race_for(word, inside, outside);
	for (unsigned int i = 0; i < CALLS; i++) {
		err = hypercall(grant_table_op, GNTTABOP_copy, &copy, 1);
		wrong += err || to[PAGE_SIZE - 8] || to[PAGE_SIZE];
	}
	race_for(NULL, 0, 0);
	return wrong;
}

/* Flags and reference share a word: a grant that is there, or one that is not. */
static long map_race(domid_t me)
{
	static char page[PAGE_SIZE] ALIGNED(PAGE_SIZE), window[PAGE_SIZE] ALIGNED(PAGE_SIZE);
	static struct gnttab_map_grant_ref op ALIGNED(16);
	volatile uint64_t *word = (volatile uint64_t *)&op.flags;
	long wrong = 0, err;

	grant_init();
	grant_give(REF, me, page, 0);
	op.dom = me;
	op.host_addr = (ulong)window;
	race_for(word, (uint64_t)REF << 32 | GNTMAP_host_map,
		 (uint64_t)(REF + 1) << 32 | GNTMAP_host_map);
	for (unsigned int i = 0; i < CALLS; i++) {
		err = hypercall(grant_table_op, GNTTABOP_map_grant_ref, &op, 1);
		wrong += err || (op.status && op.status != GNTST_general_error);
		if (!err && !op.status) {
			wrong += PTE_MFN(*pte_of(window, 1)) != mfn_of(page);
			wrong += grant_unmap(op.handle, (ulong)window) != GNTST_okay;
		}
	}
	race_for(NULL, 0, 0);
	return wrong;
}

static long send_race(void)
{
	static struct {
		struct evtchn_send send;
		uint32_t rest;
	} op ALIGNED(16);
	unsigned int port = event_self();
	long wrong = 0, err;

	race_for(&op, port, 5000);
	for (unsigned int i = 0; i < CALLS; i++) {
		err = hypercall(event_channel_op, EVTCHNOP_send, &op.send);
		wrong += err && err != -XEN_EINVAL;
	}
	race_for(NULL, 0, 0);
	return wrong;
}

/* The list has a port that is pending; 200 are too many. */
static long poll_race(void)
{
	static evtchn_port_t port;
	static struct sched_poll poll ALIGNED(16);
	volatile uint64_t *word = (volatile uint64_t *)&poll.nr_ports;
	long wrong = 0, err;

	port = event_self();
	event_send(port);
	set_xen_guest_handle(poll.ports, &port);
	poll.timeout = 1;
	race_for(word, 1, 200);
	for (unsigned int i = 0; i < CALLS; i++) {
		err = hypercall(sched_op, SCHEDOP_poll, &poll);
		wrong += err && err != -XEN_EINVAL;
	}
	race_for(NULL, 0, 0);
	return wrong;
}

static long gdt_race(ulong foreign)
{
	static char table[PAGE_SIZE] ALIGNED(PAGE_SIZE);
	static ulong frames[1] ALIGNED(16);
	long wrong = 0, err;

	va_protect(table, PTE_RO);
	race_for(frames, mfn_of(table), foreign);
	for (unsigned int i = 0; i < CALLS / 10; i++) {
		err = hypercall(set_gdt, frames, 512);
		wrong += err && err != -XEN_EINVAL;
	}
	race_for(NULL, 0, 0);
	wrong += hypercall(set_gdt, NULL, 0) != 0;
	return wrong;
}

/* box.value[100]: a frame of dom0's; [101]: the peer's own number. */
static void peer_races(void)
{
	ulong foreign = (ulong)box.value[100];

	box.value[50] = vcpu_start(1, race);
	box.value[UPDATE] = update_race(foreign);
	box.value[MULTICALL] = multicall_race();
	box.value[COPY] = copy_race();
	box.value[MAP] = map_race((domid_t)box.value[101]);
	box.value[SEND] = send_race();
	box.value[POLL] = poll_race();
	box.value[GDT] = gdt_race(foreign);
}

TEST
{
	static const char *const names[] = {
		[UPDATE] = "mmu_update", [MULTICALL] = "multicall", [COPY] = "grant copy",
		[MAP] = "grant map",	 [SEND] = "event send",	    [POLL] = "poll",
		[GDT] = "set_gdt",
	};
	static struct peer peer;
	char text[64];

	peer_create(&peer, 2);
	peer_build(&peer, peer_races);
	for (unsigned int i = 0; i < RACES; i++)
		peer.box->value[i] = -1;
	peer.box->value[100] = (long)mfn_of(page_alloc());
	peer.box->value[101] = peer.id;
	peer_unpause(&peer);
	check("a peer ends", peer_wait(&peer, 50000), SHUTDOWN_poweroff);
	check("its other vcpu came up", peer.box->value[50], 0);
	for (unsigned int i = 0; i < RACES; i++) {
		str_format(text, sizeof(text), "%s, answers of neither", names[i]);
		check(text, peer.box->value[i], 0);
	}
}
