/* SPDX-License-Identifier: MIT */
/* xl's verbs of scheduling: sched-credit, sched-rtds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/cpupool.h"
#include "dom0/domain.h"
#include "dom0/sched.h"
#include "lib/types.h"

/* --- Words ----------------------------------------------------------------------------------- */

/* The word behind `letter`, e.g. "-w"; NULL: not given. */
static const char *option(char **words, unsigned int count, const char *letter)
{
	for (unsigned int i = 1; i + 1 < count; i++)
		if (!strcmp(words[i], letter))
			return words[i + 1];
	return NULL;
}

/* All words are options with a word behind them, of these letters. */
static int check_options(char **words, unsigned int count, const char *letters, const char *usage,
			 struct error *error)
{
	for (unsigned int i = 1; i < count; i += 2)
		if (words[i][0] != '-' || !words[i][1] || words[i][2] ||
		    !strchr(letters, words[i][1]) || i + 1 == count)
			return error_set(error, -EINVAL, "%s: what is %s? usage: %s %s", words[0],
					 words[i], words[0], usage);
	return 0;
}

/* A number within its range; *number stays where the option was not given. */
static int option_number(char **words, unsigned int count, const char *letter, unsigned long min,
			 unsigned long max, unsigned long *number, struct error *error)
{
	const char *text = option(words, count, letter);
	char *end;
	unsigned long n;

	if (!text)
		return 0;
	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || n < min || n > max)
		return error_set(error, -EINVAL, "%s: %s %s: a number from %lu to %lu, please",
				 words[0], letter, text, min, max);
	*number = n;
	return 0;
}

bool next_domain(const char *name, domid_t *next, xen_domctl_getdomaininfo_t *info)
{
	if (hyper_list(*next, info, 1) != 1 || (name && info->domain != *next))
		return false;
	*next = (domid_t)(name ? DOMID_FIRST_RESERVED : info->domain + 1U);
	return true;
}

/* --- sched-credit ---------------------------------------------------------------------------- */

#define CREDIT_USAGE                                          \
	"[-d DOMAIN [-w WEIGHT] [-c CAP]] | [-p POOL] "       \
	"[-t SLICE_MS] [-r RATELIMIT_US] [-m MIGRATION_US]"

static void show_credit(const struct hyper_pool *pool, const char *only, domid_t next)
{
	struct xen_sysctl_credit_schedule schedule = { 0 };
	struct xen_domctl_sched_credit credit = { 0 };
	xen_domctl_getdomaininfo_t info;
	char name[POOL_NAME_MAX];

	if (hyper_pool_credit(pool->id, false, &schedule))
		return;
	cpupool_name(pool->id, name);
	printf("Cpupool %s: tslice=%ums ratelimit=%uus migration-delay=%uus\n", name,
	       schedule.tslice_ms, schedule.ratelimit_us, schedule.vcpu_migr_delay_us);
	printf("%-33s %4s %6s %4s\n", "Name", "ID", "Weight", "Cap");
	while (next_domain(only, &next, &info)) {
		if (info.cpupool != pool->id || hyper_credit(info.domain, false, &credit))
			continue;
		domain_name(info.domain, name, sizeof(name));
		printf("%-33s %4u %6u %4u\n", name, info.domain, credit.weight, credit.cap);
	}
}

static int set_pool_credit(char **words, unsigned int count, struct error *error)
{
	struct xen_sysctl_credit_schedule schedule = { 0 };
	const char *name = option(words, count, "-p");
	struct hyper_pool pool;
	unsigned long slice, ratelimit, delay;
	int err = cpupool_find(name ? name : "0", &pool, error);

	if (!err && hyper_pool_credit(pool.id, false, &schedule))
		err = error_set(error, -EINVAL, "sched-credit: the pool's scheduler is %s",
				scheduler_name(pool.scheduler));
	slice = schedule.tslice_ms;
	ratelimit = schedule.ratelimit_us;
	delay = schedule.vcpu_migr_delay_us;
	if (!err)
		err = option_number(words, count, "-t", XEN_SYSCTL_CSCHED_TSLICE_MIN,
				    XEN_SYSCTL_CSCHED_TSLICE_MAX, &slice, error);
	if (!err)
		err = option_number(words, count, "-r", 0, XEN_SYSCTL_SCHED_RATELIMIT_MAX,
				    &ratelimit, error);
	if (!err)
		err = option_number(words, count, "-m", 0, XEN_SYSCTL_CSCHED_MGR_DLY_MAX_US, &delay,
				    error);
	if (err)
		return err;
	schedule.tslice_ms = (uint32_t)slice;
	schedule.ratelimit_us = (uint32_t)ratelimit;
	schedule.vcpu_migr_delay_us = (uint32_t)delay;
	err = hyper_pool_credit(pool.id, true, &schedule);
	return err ? error_set(error, err, "sched-credit: -r: 0, or %u to %u us",
			       XEN_SYSCTL_SCHED_RATELIMIT_MIN, XEN_SYSCTL_SCHED_RATELIMIT_MAX) :
		     0;
}

static int set_credit(char **words, unsigned int count, domid_t domid, struct error *error)
{
	unsigned long weight = 0, cap = 0xffff;
	struct xen_domctl_sched_credit credit;
	int err = option_number(words, count, "-w", 1, 65535, &weight, error);

	if (!err)
		err = option_number(words, count, "-c", 0, 100 * CPUS_MAX, &cap, error);
	if (err)
		return err;
	credit = (struct xen_domctl_sched_credit){ (uint16_t)weight, (uint16_t)cap };
	err = hyper_credit(domid, true, &credit);
	return err ? error_set(error, err, "sched-credit: the domain's scheduler is another one") :
		     0;
}

int verb_sched_credit(char **words, unsigned int count, struct error *error)
{
	const char *domain = option(words, count, "-d"), *name = option(words, count, "-p");
	struct hyper_pool pool;
	domid_t domid = 0;
	int err = check_options(words, count, "dwcptrm", CREDIT_USAGE, error);

	if (!err && domain)
		err = domain_find(domain, &domid, error);
	if (err)
		return err;
	if (option(words, count, "-w") || option(words, count, "-c"))
		return domain ? set_credit(words, count, domid, error) :
				error_set(error, -EINVAL, "sched-credit: of which domain? -d");
	if (option(words, count, "-t") || option(words, count, "-r") || option(words, count, "-m"))
		return set_pool_credit(words, count, error);
	if (name)
		err = cpupool_find(name, &pool, error);
	if (!err && name)
		show_credit(&pool, domain, domid);
	for (uint32_t from = 0; !err && !name && !hyper_pool_next(from, &pool); from = pool.id + 1)
		show_credit(&pool, domain, domid);
	return err;
}

/* --- sched-rtds ------------------------------------------------------------------------------ */

#define RTDS_USAGE "[-d DOMAIN [-v VCPU|all] [-p PERIOD_US] [-b BUDGET_US] [-e 0|1]]"

static int set_rtds(char **words, unsigned int count, domid_t domid, struct error *error)
{
	const char *which = option(words, count, "-v");
	bool all = !which || !strcmp(which, "all");
	unsigned long vcpu = 0, period, budget, extra;
	struct xen_domctl_sched_rtds rtds;
	int err = all ? 0 : option_number(words, count, "-v", 0, 63, &vcpu, error);

	for (; !err; vcpu++) {
		if (hyper_rtds(domid, (unsigned int)vcpu, false, &rtds))
			return all && vcpu ? 0 :
					     error_set(error, -EINVAL,
						       "sched-rtds: no such vcpu, or the domain's "
						       "scheduler is another one");
		period = rtds.period;
		budget = rtds.budget;
		extra = rtds.flags & XEN_DOMCTL_SCHEDRT_extra;
		err = option_number(words, count, "-p", 10, ~0U, &period, error);
		if (!err)
			err = option_number(words, count, "-b", 10, ~0U, &budget, error);
		if (!err)
			err = option_number(words, count, "-e", 0, 1, &extra, error);
		if (err)
			return err;
		rtds = (struct xen_domctl_sched_rtds){ (uint32_t)period, (uint32_t)budget,
						       (uint32_t)extra };
		if (hyper_rtds(domid, (unsigned int)vcpu, true, &rtds))
			return error_set(error, -EINVAL,
					 "sched-rtds: a budget is not more than its period");
		if (!all)
			break;
	}
	return err;
}

int verb_sched_rtds(char **words, unsigned int count, struct error *error)
{
	const char *domain = option(words, count, "-d");
	struct xen_domctl_sched_rtds rtds = { 0 };
	xen_domctl_getdomaininfo_t info;
	char name[CONFIG_NAME_MAX];
	domid_t domid = 0;
	int err = check_options(words, count, "dvpbe", RTDS_USAGE, error);

	if (!err && domain)
		err = domain_find(domain, &domid, error);
	if (err)
		return err;
	if (count > 3)
		return domain ? set_rtds(words, count, domid, error) :
				error_set(error, -EINVAL, "sched-rtds: of which domain? -d");
	printf("%-33s %4s %4s %10s %10s %10s\n", "Name", "ID", "VCPU", "Period", "Budget",
	       "Extratime");
	while (next_domain(domain, &domid, &info)) {
		domain_name(info.domain, name, sizeof(name));
		for (unsigned int v = 0; !hyper_rtds(info.domain, v, false, &rtds); v++)
			printf("%-33s %4u %4u %10u %10u %10s\n", name, info.domain, v, rtds.period,
			       rtds.budget, rtds.flags & XEN_DOMCTL_SCHEDRT_extra ? "yes" : "no");
	}
	return 0;
}
