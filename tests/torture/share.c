/* SPDX-License-Identifier: MIT */
/* Grants and event channels: what domains share, with everything about it at random. */
#include "torture.h"

#define MAPS 8
static char windows[MAPS][PAGE_SIZE] ALIGNED(PAGE_SIZE);
static char given[MAPS][PAGE_SIZE] ALIGNED(PAGE_SIZE);
static grant_handle_t handles[MAPS];

/* Entries 0 and 1 are the console's and the store's. */
static void entry_fill(void)
{
	unsigned int ref = 8 + random_below(504);

	grant_table[ref].domid = wild_domain();
	grant_table[ref].frame = one_in(2) ? wild_frame() : mfn_of(pick(given));
	wmb();
	grant_table[ref].flags = one_in(2) ? random_below(8) : (uint16_t)random_next();
}

static grant_ref_t some_ref(void)
{
	return one_in(8) ? (grant_ref_t)wild_number() : 8 + random_below(504);
}

static void map(void)
{
	struct gnttab_map_grant_ref *op = (void *)arena[0];
	unsigned int i = random_below(MAPS), n = one_in(4) ? random_below(8) : 1;

	for (unsigned int j = 0; j < n; j++) {
		op[j].host_addr = one_in(8) ? (ulong)wild_pointer(8) : (ulong)windows[i];
		op[j].flags = one_in(4) ? (unsigned int)wild_number()
					: GNTMAP_host_map | (random_below(2) * GNTMAP_readonly);
		if (op[j].flags & GNTMAP_contains_pte)
			op[j].host_addr = wild_frame() << 12 | random_below(512) * 8;
		op[j].dom = one_in(2) ? wild_domain() : DOMID_SELF;
		op[j].ref = some_ref();
	}
	hypercall_record(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, (ulong)op,
			 one_in(32) ? wild_number() : n, 0, 0);
	if (!op->status)
		handles[i] = op->handle;
}

static void unmap(void)
{
	struct gnttab_unmap_and_replace *op = (void *)arena[0];
	unsigned int i = random_below(MAPS);

	memset(op, 0, sizeof(*op));
	op->handle = one_in(4) ? (grant_handle_t)wild_number() : handles[i];
	op->host_addr = one_in(4) ? (ulong)wild_pointer(8) : (ulong)windows[i];
	if (one_in(2)) {
		op->new_addr =
			one_in(2) ? (ulong)windows[random_below(MAPS)] : (ulong)wild_pointer(8);
		hypercall_record(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_and_replace, (ulong)op,
				 1, 0, 0);
		return;
	}
	op->new_addr = op->handle; /* unmap_grant_ref has the handle in its place */
	((struct gnttab_unmap_grant_ref *)op)->dev_bus_addr = one_in(4) ? wild_number() : 0;
	hypercall_record(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, (ulong)op, 1, 0, 0);
}

static void copy_side(struct gnttab_copy_ptr *side, bool *by_ref)
{
	*by_ref = one_in(2);
	side->domid = one_in(2) ? wild_domain() : DOMID_SELF;
	side->offset = one_in(4) ? (uint16_t)random_next() : (uint16_t)random_below(PAGE_SIZE);
	if (*by_ref)
		side->u.ref = some_ref();
	else
		side->u.gmfn = one_in(4) ? wild_frame() : mfn_of(pick(given));
}

static void copy(void)
{
	struct gnttab_copy *op = (void *)arena[0];
	unsigned int n = one_in(4) ? random_below(64) : 1;
	bool source, dest;

	for (unsigned int i = 0; i < n; i++) {
		copy_side(&op[i].source, &source);
		copy_side(&op[i].dest, &dest);
		/* Not onto ourselves. */
		if (!dest)
			op[i].dest.u.gmfn = mfn_of(pick(given));
		op[i].len = one_in(4) ? (uint16_t)random_next() : (uint16_t)random_below(64);
		op[i].flags = one_in(8) ? (uint16_t)random_next()
					: source * GNTCOPY_source_gref | dest * GNTCOPY_dest_gref;
	}
	hypercall_record(__HYPERVISOR_grant_table_op, GNTTABOP_copy, (ulong)op,
			 one_in(32) ? wild_number() : n, 0, 0);
}

static void grants_other(void)
{
	void *p = arena[0];

	wild_fill(p, 256);
	*(domid_t *)p = one_in(4) ? wild_domain() : DOMID_SELF;
	hypercall_record(__HYPERVISOR_grant_table_op, random_below(16) | (one_in(8) ? 1U << 31 : 0),
			 (ulong)(one_in(8) ? wild_pointer(64) : p), one_in(8) ? wild_number() : 1,
			 0, 0);
}

/* What follows the first ports: the store's and the console's are those. */
static evtchn_port_t some_port(void)
{
	return one_in(16) ? (evtchn_port_t)wild_number() : 4 + random_below(24);
}

static void events(void)
{
	union {
		struct evtchn_bind_interdomain bind;
		struct evtchn_alloc_unbound alloc;
		struct evtchn_status status;
		struct evtchn_bind_virq virq;
		evtchn_port_t port[8];
		char bytes[64];
	} u;
	unsigned int cmd = random_below(16);

	wild_fill(&u, sizeof(u));
	u.port[0] = some_port();
	switch (cmd) {
	case EVTCHNOP_bind_interdomain:
		u.bind.remote_dom = wild_domain();
		u.bind.remote_port = some_port();
		break;
	case EVTCHNOP_alloc_unbound:
	case EVTCHNOP_status:
		u.alloc.dom = one_in(4) ? wild_domain() : DOMID_SELF;
		u.alloc.remote_dom = wild_domain();
		break;
	case EVTCHNOP_bind_virq:
		u.virq.virq = one_in(4) ? (uint32_t)wild_number() : random_below(24);
		u.virq.vcpu = one_in(4) ? (uint32_t)wild_number() : random_below(2);
		break;
	case EVTCHNOP_reset:
	case EVTCHNOP_init_control:
		if (!one_in(64)) /* these would end our own console */
			return;
	}
	hypercall_record(__HYPERVISOR_event_channel_op, cmd,
			 one_in(16) ? (ulong)wild_pointer(16) : (ulong)&u, 0, 0, 0);
}

void share_step(void)
{
	switch (random_below(8)) {
	case 0:
		entry_fill();
		break;
	case 1 ... 2:
		map();
		break;
	case 3:
		unmap();
		break;
	case 4:
		copy();
		break;
	case 5:
		grants_other();
		break;
	default:
		events();
	}
}

void share_init(void)
{
	grant_init();
	for (unsigned int i = 0; i < 64; i++)
		entry_fill();
	for (unsigned int i = 0; i < MAPS; i++) /* some that can be mapped */
		grant_give(8 + i, (domid_t)random_below(12), given[i], 0);
}
