/* SPDX-License-Identifier: MIT */
/*
 * A dom0 that starts domains with a load each, sets their scheduling, lets them run, and prints
 * what each got. It decides nothing: tests/system/shares.py does. Runs on stock Xen too.
 */
#pragma once

#include "../abi/kit/kit.h"

/* --- load.c: what a domain does, and what it leaves in its box ------------------------------ */

enum {
	ROUNDS, /* of the spin loop, or jobs done */
	MISSED, /* jobs that were done after their deadline */
	WORST,  /* the longest time of a job from its release, ns */
	READY,
	PERIOD,   /* of jobs, ns */
	WORK,     /* of a job, rounds of the spin loop */
	PORT,     /* dom0's, to bind to */
	TICK,     /* ns between ticks of a spinning one; 0: none */
	BOX_WORDS
};

void spin(void);  /* for ever */
void jobs(void);  /* one each period, asleep in between */
void echo(void);  /* answers each event with one */
void sleep_until(uint64_t when);
ulong spin_rounds(ulong rounds);

/* --- control.c: what the toolstack would do -------------------------------------------------- */

struct load {
	const char *name;
	struct peer peer;
	ulong rounds;
	uint64_t time; /* ns of processor time, as the hypervisor counts it */
	ulong seen_rounds;
	uint64_t seen_time;
};

void load_start(struct load *l, const char *name, void (*code)(void)); /* paused */
void load_run(struct load *l);
/* What l did since the last look. */
void load_look(struct load *l);
void set_weight(struct load *l, unsigned int weight, unsigned int cap);
void set_migration_delay(unsigned int us); /* of credit in the first pool */
void set_rtds(domid_t domid, unsigned int period_us, unsigned int budget_us, bool extra);
long pool_op(unsigned int op, unsigned int pool, unsigned int arg,
	     struct xen_sysctl_cpupool_op *out);
unsigned int sched_id(void);
void say(const char *fmt, ...) PRINTF(1, 2);
