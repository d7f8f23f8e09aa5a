/* SPDX-License-Identifier: MIT */
/* The settings of schedulers: names, and what a configuration asks for. */
#include "dom0/sched.h"

#include <string.h>

#include "dom0/cpupool.h"
#include "dom0/hyper_sched.h"
#include "lib/types.h"

static const struct {
	const char *name;
	uint32_t id;
} schedulers[] = {
	{ "credit", XEN_SCHEDULER_CREDIT }, { "credit2", XEN_SCHEDULER_CREDIT2 },
	{ "rtds", XEN_SCHEDULER_RTDS },	    { "null", XEN_SCHEDULER_NULL },
};

const char *scheduler_name(uint32_t id)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(schedulers); i++)
		if (schedulers[i].id == id)
			return schedulers[i].name;
	return "?";
}

bool scheduler_id(const char *name, uint32_t *id)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(schedulers); i++) {
		if (!strcmp(schedulers[i].name, name)) {
			*id = schedulers[i].id;
			return true;
		}
	}
	return false;
}

int sched_choose_pool(const struct domain_config *config, uint32_t *pool, struct error *error)
{
	struct hyper_pool found = { 0 };
	int err = *config->sched.pool ? cpupool_find(config->sched.pool, &found, error) : 0;

	if (!err && *config->sched.pool && !found.cpus)
		err = error_set(error, -ENODEV, "%s: pool=%s has no processors", config->name,
				config->sched.pool);
	*pool = found.id;
	return err;
}

static int apply_credit(domid_t domid, const struct domain_config *config, struct error *error)
{
	struct xen_domctl_sched_credit credit = { .weight = (uint16_t)config->sched.weight,
						  .cap = config->sched.has_cap ?
								 (uint16_t)config->sched.cap :
								 0xffff };
	int err = 0;

	if (config->sched.weight || config->sched.has_cap)
		err = hyper_credit(domid, true, &credit);
	return err ? error_set(error, err, "%s: cpu_weight and cap: %s", config->name,
			       err == -EINVAL ? "the pool's scheduler is not credit" :
						strerror(-err)) :
		     0;
}

static int apply_rtds(domid_t domid, const struct domain_config *config, struct error *error)
{
	struct xen_domctl_sched_rtds rtds;
	int err = 0;

	if (!config->sched.period_us && !config->sched.has_extratime)
		return 0;
	for (unsigned int i = 0; i < config->maxvcpus && !err; i++) {
		err = hyper_rtds(domid, i, false, &rtds);
		if (err)
			break;
		if (config->sched.period_us) {
			rtds.period = config->sched.period_us;
			rtds.budget = config->sched.budget_us;
		}
		if (config->sched.has_extratime)
			rtds.flags = config->sched.extratime ? XEN_DOMCTL_SCHEDRT_extra : 0;
		err = hyper_rtds(domid, i, true, &rtds);
	}
	return err ? error_set(error, err, "%s: period, budget and extratime: %s", config->name,
			       err == -EINVAL ? "the pool's scheduler is not rtds" :
						strerror(-err)) :
		     0;
}

static int apply_affinity(domid_t domid, const struct domain_config *config, struct error *error)
{
	for (unsigned int i = 0; i < config->maxvcpus; i++) {
		uint64_t hard = config->sched.hard[i], soft = config->sched.soft[i];
		int err = 0;

		if (hard || soft)
			err = hyper_set_affinity(domid, i, hard ? &hard : NULL,
						 soft ? &soft : NULL, false);
		if (err)
			return error_set(error, err, "%s: cpus: %s", config->name,
					 err == -EINVAL ? "the pool has none of them" :
							  strerror(-err));
	}
	return 0;
}

int sched_apply(domid_t domid, const struct domain_config *config, struct error *error)
{
	int err = apply_credit(domid, config, error);

	if (!err)
		err = apply_rtds(domid, config, error);
	return err ? err : apply_affinity(domid, config, error);
}
