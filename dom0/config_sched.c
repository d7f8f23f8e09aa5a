/* SPDX-License-Identifier: MIT */
/* Keys of a configuration that say when and where a domain's vcpus run. */
#include <string.h>

#include "dom0/config_items.h"
#include "dom0/cpus.h"

#define WEIGHT_MAX 65535
#define TIME_MIN   10 /* us, of a period and a budget */

int set_cpu_weight(struct reader *r, const struct setting *s)
{
	return reader_number(r, s, 1, WEIGHT_MAX, &r->config->sched.weight);
}

/* Percent of one processor, of all vcpus together; check_sched compares with their number. */
int set_cap(struct reader *r, const struct setting *s)
{
	r->config->sched.has_cap = true;
	return reader_number(r, s, 0, 100 * CONFIG_VCPUS_MAX, &r->config->sched.cap);
}

int set_period(struct reader *r, const struct setting *s)
{
	return reader_number(r, s, TIME_MIN, UINT32_MAX, &r->config->sched.period_us);
}

int set_budget(struct reader *r, const struct setting *s)
{
	return reader_number(r, s, TIME_MIN, UINT32_MAX, &r->config->sched.budget_us);
}

int set_extratime(struct reader *r, const struct setting *s)
{
	r->config->sched.has_extratime = true;
	return reader_number(r, s, 0, 1, &r->config->sched.extratime);
}

static int one_set(struct reader *r, const struct setting *s, const struct value *v, uint64_t *mask)
{
	if (!v->is_list && cpus_parse(v->text, mask))
		return 0;
	return reader_error(r, s->line, "%s: write processors as in \"0-3,^1,7\" or \"all\"",
			    s->key);
}

/* A text is for all vcpus, a list has an item for each. */
static int set_masks(struct reader *r, const struct setting *s, uint64_t masks[CONFIG_VCPUS_MAX])
{
	unsigned int n = 0;

	if (!s->value->is_list) {
		if (one_set(r, s, s->value, &masks[0]))
			return -EINVAL;
		for (n = 1; n < CONFIG_VCPUS_MAX; n++)
			masks[n] = masks[0];
		return 0;
	}
	for (const struct value *item = s->value->items; item; item = item->next, n++) {
		if (n == CONFIG_VCPUS_MAX)
			return reader_error(r, s->line, "%s: more than %u items", s->key,
					    CONFIG_VCPUS_MAX);
		if (one_set(r, s, item, &masks[n]))
			return -EINVAL;
	}
	return 0;
}

int set_cpus(struct reader *r, const struct setting *s)
{
	return set_masks(r, s, r->config->sched.hard);
}

int set_cpus_soft(struct reader *r, const struct setting *s)
{
	return set_masks(r, s, r->config->sched.soft);
}

/* What these keys say together. */
int check_sched(struct reader *r)
{
	const struct config_sched *sched = &r->config->sched;

	if (!sched->period_us != !sched->budget_us)
		return reader_error(r, 1, "period and budget go together: write both");
	if (sched->budget_us > sched->period_us)
		return reader_error(r, 1, "budget: %u is more than period, which is %u",
				    sched->budget_us, sched->period_us);
	if (sched->cap > 100 * r->config->maxvcpus)
		return reader_error(r, 1, "cap: %u is more than %u vcpus can use: %u",
				    sched->cap, r->config->maxvcpus, 100 * r->config->maxvcpus);
	return 0;
}
