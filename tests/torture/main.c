/* SPDX-License-Identifier: MIT */
/* Arguments: seed=N, steps=N, watch=1; front=N for a hostile frontend's connections instead. */
#include "torture.h"

#define WATCHDOG_S 8

const char test_file[] = "tests/torture/main.c";
ulong steps;

static struct {
	ulong nr, arg[5];
} last; /* in a dump of the domain's memory: what it did last */

void hypercall_record(ulong nr, ulong a, ulong b, ulong c, ulong d, ulong e)
{
	last = (typeof(last)){ nr, { a, b, c, d, e } };
	hypercall_n(nr, a, b, c, d, e);
}

/* A step that loops for ever ends with the domain. */
static void watchdog(void)
{
	static struct sched_watchdog dog;
	long id;

	dog.timeout = WATCHDOG_S;
	id = hypercall(sched_op, SCHEDOP_watchdog, &dog);
	if (id > 0)
		dog.id = (uint32_t)id;
}

static void step(void)
{
	static void (*const kinds[])(void) = { call_step,   call_step,   call_step,  tables_step,
					       tables_step, tables_step, share_step, share_step,
					       code_step,   code_step };

	steps++;
	if (steps % 64 == 0)
		watchdog();
	pick(kinds)();
}

/* Pages beyond the image go back: as much may be had again when something is broken. */
static void reserve_make(void)
{
	const xen_pfn_t *p2m = (const xen_pfn_t *)start_info->mfn_list;
	struct xen_memory_reservation r = { .nr_extents = 256, .domid = DOMID_SELF };

	for (ulong pfn = start_info->nr_pages - r.nr_extents; pfn < start_info->nr_pages; pfn++)
		va_map(image_start + pfn * PAGE_SIZE, 0);
	set_xen_guest_handle(r.extent_start,
			     (xen_pfn_t *)p2m + start_info->nr_pages - r.nr_extents);
	hypercall(memory_op, XENMEM_decrease_reservation, &r);
}

static ulong seed;

void finish(const char *why)
{
	static struct sched_shutdown how = { .reason = SHUTDOWN_poweroff };
	static bool said, ruined;

	/* A trap on the way leads here again, and further. */
	if (!said) {
		said = true;
		say("torture: seed %lu: %lu steps, %ld traps, %s", seed, steps, trap.count, why);
	}
	if (!ruined) {
		ruined = true;
		ring_ruin();
	}
	for (;;)
		hypercall(sched_op, SCHEDOP_shutdown, &how);
}

void test_run(void)
{
	ulong count = argument("steps=", 20000), rounds = argument("front=", 0);

	seed = argument("seed=", 1);
	watchpoints = argument("watch=", 0);
	random_seed(seed);
	reserve_make();
	ring_init();
	watchdog();
	share_init();
	if (rounds) {
		front_run(rounds);
		finish("as a frontend");
	}
	arena_init();
	tables_init();
	code_init();
	while (steps < count)
		step();
	finish("all done");
}
