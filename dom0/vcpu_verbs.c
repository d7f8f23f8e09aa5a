/* SPDX-License-Identifier: MIT */
/* xl's verbs of vcpus: vcpu-list, vcpu-pin, vcpu-set. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/cpus.h"
#include "dom0/devices.h"
#include "dom0/domain.h"
#include "dom0/hyper_sched.h"
#include "dom0/sched.h"
#include "guest/clock.h"

static uint64_t machine_cpus(void)
{
	struct xen_sysctl_physinfo info;

	if (hyper_physinfo(&info) || info.nr_cpus >= CPUS_MAX)
		return ~0UL;
	return (1UL << info.nr_cpus) - 1;
}

static void show_vcpu(const char *name, domid_t domid, unsigned int vcpu)
{
	struct xen_domctl_getvcpuinfo info;
	uint64_t hard = 0, soft = 0, all = machine_cpus();
	char hard_text[64], soft_text[64], cpu[8] = "-";

	if (hyper_vcpu(domid, vcpu, &info) || hyper_affinity(domid, vcpu, &hard, &soft))
		return;
	cpus_format(hard, all, hard_text, sizeof(hard_text));
	cpus_format(soft, all, soft_text, sizeof(soft_text));
	if (info.online)
		snprintf(cpu, sizeof(cpu), "%u", info.cpu);
	printf("%-32s %5u %5u %5s %5s %8lu.%lu  %s / %s\n", name, domid, vcpu, cpu,
	       !info.online  ? "--p" :
	       info.running  ? "r--" :
	       info.blocked  ? "-b-" :
			       "---",
	       (unsigned long)(info.cpu_time / NS_PER_S),
	       (unsigned long)(info.cpu_time % NS_PER_S / (100 * NS_PER_MS)), hard_text, soft_text);
}

int verb_vcpu_list(char **words, unsigned int count, struct error *error)
{
	const char *domain = count > 1 ? words[1] : NULL;
	xen_domctl_getdomaininfo_t info;
	char name[CONFIG_NAME_MAX];
	domid_t domid = 0;

	if (count > 2)
		return error_set(error, -EINVAL, "usage: vcpu-list [DOMAIN]");
	if (domain && domain_find(domain, &domid, error))
		return error->code;
	printf("%-32s %5s %5s %5s %5s %10s  %s\n", "Name", "ID", "VCPU", "CPU", "State", "Time(s)",
	       "Affinity (Hard / Soft)");
	while (next_domain(domain, &domid, &info)) {
		domain_name(info.domain, name, sizeof(name));
		for (unsigned int v = 0; info.max_vcpu_id != XEN_INVALID_MAX_VCPU_ID &&
					 v <= info.max_vcpu_id; v++)
			show_vcpu(name, info.domain, v);
	}
	return 0;
}

/* "-" leaves that affinity as it is. */
static int parse_mask(const char *text, uint64_t *mask, bool *given, struct error *error)
{
	*given = strcmp(text, "-");
	if (!*given || cpus_parse(text, mask))
		return 0;
	return error_set(error, -EINVAL, "vcpu-pin: %s: write processors as in 0-3,^1, or all, "
			 "or - for no change", text);
}

/* The vcpus that a word means, up to the last one of the domain. */
static int parse_vcpus(char **words, unsigned int max, unsigned int *first, unsigned int *last,
		       struct error *error)
{
	unsigned long n;
	char *end;

	*first = 0;
	*last = max;
	if (!strcmp(words[1], "all"))
		return 0;
	n = strtoul(words[1], &end, 10);
	if (*words[1] < '0' || *words[1] > '9' || *end || n > max)
		return error_set(error, -EINVAL, "vcpu-pin: %s has vcpus 0 to %u, or all", words[0],
				 max);
	*first = *last = (unsigned int)n;
	return 0;
}

static int pin(domid_t domid, unsigned int vcpu, const uint64_t *hard, const uint64_t *soft,
	       bool force, struct error *error)
{
	uint64_t hard_in = hard ? *hard : 0, soft_in = soft ? *soft : 0;
	int err = hyper_set_affinity(domid, vcpu, hard ? &hard_in : NULL, soft ? &soft_in : NULL,
				     force);

	return err ? error_set(error, err, "vcpu-pin: %s",
			       err == -EINVAL ? "the domain's pool has none of these" :
			       err == -EBUSY  ? "its guest has pinned it for now; -f ends that" :
						strerror(-err)) :
		     0;
}

#define PIN_USAGE "usage: vcpu-pin [-f] DOMAIN VCPU|all HARD [SOFT]"

int verb_vcpu_pin(char **words, unsigned int count, struct error *error)
{
	bool force = count > 1 && (!strcmp(words[1], "-f") || !strcmp(words[1], "--force"));
	bool has_hard = false, has_soft = false;
	xen_domctl_getdomaininfo_t info;
	uint64_t hard = 0, soft = 0;
	unsigned int first, last;
	domid_t domid;
	int err;

	words += 1 + force;
	count -= 1 + force;
	if (count < 3 || count > 4)
		return error_set(error, -EINVAL, PIN_USAGE);
	err = domain_find(words[0], &domid, error);
	if (!err)
		err = parse_mask(words[2], &hard, &has_hard, error);
	if (!err && count == 4)
		err = parse_mask(words[3], &soft, &has_soft, error);
	if (!err && hyper_info(domid, &info))
		err = error_set(error, -ESRCH, "%s: there is no such domain", words[0]);
	if (!err)
		err = parse_vcpus(words, info.max_vcpu_id, &first, &last, error);
	for (; !err && first <= last && (has_hard || has_soft); first++)
		err = pin(domid, first, has_hard ? &hard : NULL, has_soft ? &soft : NULL, force,
			  error);
	return err;
}

int verb_vcpu_set(char **words, unsigned int count, struct error *error)
{
	xen_domctl_getdomaininfo_t info;
	unsigned long want;
	domid_t domid;
	char *end;
	int err;

	if (count != 3)
		return error_set(error, -EINVAL, "usage: vcpu-set DOMAIN COUNT");
	err = domain_find(words[1], &domid, error);
	if (!err && hyper_info(domid, &info))
		err = error_set(error, -ESRCH, "%s: there is no such domain", words[1]);
	if (err)
		return err;
	want = strtoul(words[2], &end, 10);
	if (*words[2] < '0' || *words[2] > '9' || *end || !want || want > info.max_vcpu_id + 1UL)
		return error_set(error, -EINVAL,
				 "vcpu-set: %s can have 1 to %u vcpus; see maxvcpus=", words[1],
				 info.max_vcpu_id + 1);
	err = nodes_set_vcpus(domid, (unsigned int)want, info.max_vcpu_id + 1);
	return err ? error_set(error, err, "vcpu-set: %s", strerror(-err)) : 0;
}
