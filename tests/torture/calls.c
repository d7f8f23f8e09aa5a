/* SPDX-License-Identifier: MIT */
/*
 * Any hypercall with any argument. Calls that would only end this domain, or blind it, are made
 * with arguments that do not, most of the time.
 */
#include "torture.h"

/* An argument of each kind that hypercalls take. */
static ulong wild_argument(void)
{
	char *p;

	switch (random_below(8)) {
	case 0:
		return wild_number();
	case 1:
		return wild_domain();
	case 2:
		return wild_frame();
	default:
		p = wild_pointer(128);
		if (p >= arena[0] && p < arena[ARENA_PAGES] - 128)
			wild_fill(p, 128);
		return (ulong)p;
	}
}

/* The first argument is mostly a command, the second a structure or a count. */
static void any(ulong nr)
{
	ulong arg[5];

	for (unsigned int i = 0; i < 5; i++)
		arg[i] = wild_argument();
	if (!one_in(4))
		arg[0] = random_below(48);
	if (one_in(2))
		arg[2] = random_below(6);
	hypercall_record(nr, arg[0], arg[1], arg[2], arg[3], arg[4]);
}

static void scheduling(void)
{
	struct sched_poll poll = { .nr_ports = random_below(140),
				   .timeout = time_now() + random_below(1000000) };

	switch (random_below(4)) {
	case 0:
		set_xen_guest_handle(poll.ports, (evtchn_port_t *)wild_pointer(64));
		hypercall_record(__HYPERVISOR_sched_op, SCHEDOP_poll, (ulong)&poll, 0, 0, 0);
		break;
	case 1:
		hypercall_record(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0, 0, 0);
		break;
	default: /* no block, shutdown or watchdog */
		hypercall_record(__HYPERVISOR_sched_op,
				 one_in(2) ? SCHEDOP_remote_shutdown : 7 + random_below(4),
				 wild_argument(), 0, 0, 0);
	}
}

/* vcpu 0 is not taken down, nor its vcpu_info moved; what others may do is code.c's. */
static void vcpus(void)
{
	unsigned int cmd = random_below(16);

	if (cmd == VCPUOP_down || cmd == VCPUOP_register_vcpu_info || cmd == VCPUOP_initialise)
		cmd = VCPUOP_get_runstate_info;
	hypercall_record(__HYPERVISOR_vcpu_op, cmd, one_in(4) ? wild_number() : random_below(3),
			 wild_argument(), 0, 0);
	hypercall(vcpu_op, VCPUOP_stop_periodic_timer, 0);
}

static void memory(void)
{
	struct xen_memory_reservation *r = (void *)arena[0];
	xen_pfn_t *frames = (void *)arena[1];
	static const unsigned int cmds[] = { XENMEM_increase_reservation,
					     XENMEM_decrease_reservation, XENMEM_populate_physmap };

	if (one_in(3)) {
		any(__HYPERVISOR_memory_op);
		return;
	}
	for (unsigned int i = 0; i < PAGE_SIZE / 8; i++)
		frames[i] = wild_frame();
	memset(r, 0, sizeof(*r));
	r->nr_extents = one_in(8) ? wild_number() : random_below(16);
	r->extent_order = one_in(4) ? (unsigned int)wild_number() : random_below(2);
	r->mem_flags = one_in(4) ? (unsigned int)wild_number() : 0;
	r->domid = one_in(8) ? wild_domain() : DOMID_SELF;
	set_xen_guest_handle(r->extent_start, one_in(8) ? wild_pointer(64) : frames);
	if (!one_in(4)) {
		hypercall_record(__HYPERVISOR_memory_op, pick(cmds), (ulong)r, 0, 0, 0);
		return;
	}
	struct xen_memory_exchange *x = (void *)arena[2];

	memset(x, 0, sizeof(*x));
	x->in = x->out = *r;
	x->out.nr_extents = one_in(4) ? random_below(32) : r->nr_extents;
	x->out.extent_order = one_in(4) ? random_below(3) : r->extent_order;
	set_xen_guest_handle(x->out.extent_start, one_in(4) ? wild_pointer(64) : (void *)arena[3]);
	x->nr_exchanged = one_in(8) ? wild_number() : 0;
	hypercall_record(__HYPERVISOR_memory_op, XENMEM_exchange, (ulong)x, 0, 0, 0);
}

/* What a batch, or a bare call, may not do to us; debug registers are code.c's. */
static bool spares_us(ulong nr)
{
	switch (nr) {
	case __HYPERVISOR_sched_op:
	case __HYPERVISOR_sched_op_compat:
	case __HYPERVISOR_vcpu_op:
	case __HYPERVISOR_iret:
	case __HYPERVISOR_set_debugreg:
		return false;
	default:
		return true;
	}
}

static void batch(void)
{
	struct multicall_entry *e = (void *)arena[0];
	unsigned int n = random_below(24);

	for (unsigned int i = 0; i < n; i++) {
		wild_fill(&e[i], sizeof(e[i]));
		do
			e[i].op = one_in(8) ? wild_number() : random_below(56);
		while (!spares_us(e[i].op));
		e[i].args[0] = one_in(2) ? random_below(32) : (ulong)wild_pointer(64);
		e[i].args[1] = one_in(2) ? random_below(32) : (ulong)wild_pointer(64);
	}
	hypercall_record(__HYPERVISOR_multicall, one_in(16) ? (ulong)wild_pointer(256) : (ulong)e,
			 one_in(16) ? wild_number() : n, 0, 0, 0);
}

void call_step(void)
{
	ulong nr = one_in(16) ? wild_number() : random_below(64);

	switch (random_below(8)) {
	case 0:
		memory();
		break;
	case 1:
		batch();
		break;
	case 2:
		vcpus();
		break;
	case 3:
		scheduling();
		break;
	default:
		if (spares_us(nr))
			any(nr);
	}
	callbacks_restore();
}
