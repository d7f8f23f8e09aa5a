/* SPDX-License-Identifier: MIT */
/*
 * `perf`: what hypercalls a domain made, and while it is switched on what they cost. The numbers
 * are the hypervisor's, by Xen's own operations: performance counters named "d3 mmu_update", with
 * the values count, ns (each of 64 bits in two), and how many calls took 2^i to 2^(i+1) - 1 ns.
 */
#include "dom0/perf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/domain.h"
#include "dom0/hyper.h"

#define VALUES_COUNT 2U /* without times */
#define VALUES_TIMES 4U /* before the ranges */
#define SPARE	     64U /* counters that come to life between two questions */

struct counters {
	xen_sysctl_perfc_desc_t *desc;
	xen_sysctl_perfc_val_t *val;
	uint32_t count;
};

static void counters_free(struct counters *c)
{
	free(c->desc);
	free(c->val);
}

/* All there are; the caller frees. */
static int counters_read(struct counters *c, struct error *error)
{
	uint32_t vals = 0;
	int err;

	*c = (struct counters){ 0 };
	err = hyper_counters(NULL, NULL, &c->count, &vals);
	if (err)
		return error_set(error, err,
				 "perf: the hypervisor keeps no such counters (error %d)", -err);
	c->count += SPARE;
	vals += SPARE * VALUES_TIMES;
	c->desc = calloc(c->count, sizeof(*c->desc));
	c->val = calloc(vals, sizeof(*c->val));
	if (!c->desc || !c->val)
		err = -ENOMEM;
	else
		err = hyper_counters(c->desc, c->val, &c->count, &vals);
	if (err) {
		counters_free(c);
		return error_set(error, err, "perf: the counters cannot be read (error %d)", -err);
	}
	return 0;
}

static uint64_t wide(const uint32_t *val)
{
	return (uint64_t)val[1] << 32 | val[0];
}

static uint64_t ranges_sum(const uint32_t *ranges, uint32_t n)
{
	uint64_t sum = 0;

	while (n--)
		sum += ranges[n];
	return sum;
}

/* "4us:12" for 12 from 4096 ns on: the ranges that have any. */
static void print_ranges(const uint32_t *ranges, uint32_t n)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };

	for (uint32_t i = 0; i < n; i++) {
		uint64_t from = UINT64_C(1) << i;
		unsigned int unit = 0;

		if (!ranges[i])
			continue;
		for (; from >= 1000 && unit < 3; unit++)
			from /= 1000;
		printf("  %lu%s:%u", (unsigned long)from, units[unit], ranges[i]);
	}
}

static void print_counter(const char *name, const uint32_t *val, uint32_t vals)
{
	uint64_t ns, timed;

	printf("%-28s %10lu", name, (unsigned long)wide(val));
	if (vals > VALUES_TIMES) {
		ns = wide(val + VALUES_COUNT);
		timed = ranges_sum(val + VALUES_TIMES, vals - VALUES_TIMES);
		printf(" %14lu %8lu", (unsigned long)ns, (unsigned long)(timed ? ns / timed : 0));
		print_ranges(val + VALUES_TIMES, vals - VALUES_TIMES);
	}
	printf("\n");
}

static int print_domain(domid_t domid, struct error *error)
{
	const xen_sysctl_perfc_val_t *val;
	struct counters c;
	char prefix[8];
	int err = counters_read(&c, error);

	if (err)
		return err;
	snprintf(prefix, sizeof(prefix), "d%u ", domid);
	printf("%-28s %10s %14s %8s  %s\n", "hypercall", "entries", "ns", "each",
	       "from ns: how many");
	val = c.val;
	for (uint32_t i = 0; i < c.count; val += c.desc[i++].nr_vals)
		if (c.desc[i].nr_vals >= VALUES_COUNT &&
		    !strncmp(c.desc[i].name, prefix, strlen(prefix)))
			print_counter(c.desc[i].name + strlen(prefix), val, c.desc[i].nr_vals);
	counters_free(&c);
	return 0;
}

int perf_verb(char **words, unsigned int count, struct error *error)
{
	domid_t domid;
	int err;

	if (count != 2)
		return error_set(error, -EINVAL, "perf: usage: perf DOMAIN, or perf on|off|reset");
	if (!strcmp(words[1], "reset"))
		err = hyper_counters_reset();
	else if (!strcmp(words[1], "on") || !strcmp(words[1], "off"))
		err = hyper_timing(words[1][1] == 'n');
	else
		return (err = domain_find(words[1], &domid, error)) ? err
								    : print_domain(domid, error);
	return err ? error_set(error, err, "perf %s: the hypervisor refuses (error %d)", words[1],
			       -err)
		   : 0;
}
