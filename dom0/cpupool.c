/* SPDX-License-Identifier: MIT */
/*
 * CPU pools. The hypervisor knows them by number; their names are where xl has them,
 * /local/pool/ID/name in the store, and the first one's is Pool-0.
 */
#include "dom0/cpupool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/domain.h"
#include "dom0/sched.h"
#include "lib/types.h"
#include "xenstore/client.h"

#define POOL_PATH "/local/pool/%u"

void cpupool_name(uint32_t id, char name[POOL_NAME_MAX])
{
	char path[32];

	snprintf(path, sizeof(path), POOL_PATH, id);
	if (xs_read(XS_NO_TX, path, "name", name, POOL_NAME_MAX) < 0)
		snprintf(name, POOL_NAME_MAX, "Pool-%u", id);
}

int cpupool_find(const char *name, struct hyper_pool *pool, struct error *error)
{
	char known[POOL_NAME_MAX], number[12];

	for (uint32_t from = 0; !hyper_pool_next(from, pool); from = pool->id + 1) {
		cpupool_name(pool->id, known);
		snprintf(number, sizeof(number), "%u", pool->id);
		if (!strcmp(known, name) || !strcmp(number, name))
			return 0;
	}
	return error_set(error, -ENOENT, "%s: there is no such CPU pool; `cpupool-list` shows them",
			 name);
}

static int add_cpus(const struct hyper_pool *pool, uint64_t mask, bool add, const char *verb,
		    struct error *error)
{
	for (unsigned int i = 0; i < CPUS_MAX; i++) {
		int err = mask >> i & 1 ? hyper_pool_cpu(pool->id, i, add) : 0;

		if (err)
			return error_set(error, err, "%s: processor %u: %s", verb, i,
					 err == -EINVAL && !add ? "it stays in the first pool" :
					 err == -EINVAL	       ? "there is no such one" :
					 err == -ENODEV	       ? "another pool has it" :
					 err == -EADDRNOTAVAIL ? "it is not in this pool" :
					 err == -EBUSY ? "it is the last one, and domains need it" :
							 strerror(-err));
	}
	return 0;
}

/* The value of a word KEY=VALUE, without its quotation marks. */
static const char *value_of(char *word, const char *key)
{
	size_t len = strlen(key), end;

	if (strncmp(word, key, len) || word[len] != '=')
		return NULL;
	word += len + 1;
	end = strlen(word);
	if (end > 1 && (*word == '"' || *word == '\'') && word[end - 1] == *word) {
		word[end - 1] = 0;
		word++;
	}
	return word;
}

int verb_cpupool_create(char **words, unsigned int count, struct error *error)
{
	const char *name = NULL, *scheduler = "credit", *cpus = NULL, *value;
	struct hyper_pool pool = { 0 };
	char path[32];
	uint64_t mask = 0;
	uint32_t id;
	int err;

	for (unsigned int i = 1; i < count; i++) {
		if ((value = value_of(words[i], "name")))
			name = value;
		else if ((value = value_of(words[i], "sched")))
			scheduler = value;
		else if ((value = value_of(words[i], "cpus")))
			cpus = value;
		else
			return error_set(error, -EINVAL,
					 "cpupool-create: what is %s? usage: cpupool-create "
					 "name=NAME [sched=credit|rtds|null] [cpus=0-3,^2]",
					 words[i]);
	}
	if (!name || !*name || strlen(name) >= POOL_NAME_MAX)
		return error_set(error, -EINVAL, "cpupool-create: name=NAME, please");
	if (!scheduler_id(scheduler, &id))
		return error_set(error, -EINVAL, "cpupool-create: sched=%s: there are credit, rtds "
				 "and null", scheduler);
	if (cpus && !cpus_parse(cpus, &mask))
		return error_set(error, -EINVAL, "cpupool-create: cpus=%s: write them as in 0-3,^1",
				 cpus);
	if (!cpupool_find(name, &pool, &(struct error){ 0 }))
		return error_set(error, -EEXIST, "cpupool-create: there is a pool %s already",
				 name);
	err = hyper_pool_create(id, &pool.id);
	if (err)
		return error_set(error, err, "cpupool-create: %s", strerror(-err));
	snprintf(path, sizeof(path), POOL_PATH, pool.id);
	xs_write(XS_NO_TX, path, "name", name, strlen(name));
	err = add_cpus(&pool, mask, true, "cpupool-create", error);
	if (err) {
		while (!hyper_pool_cpu(pool.id, XEN_SYSCTL_CPUPOOL_PAR_ANY, false))
			;
		hyper_pool_destroy(pool.id);
		xs_rm(XS_NO_TX, path, NULL);
	}
	return err;
}

static int find_word(char **words, unsigned int count, unsigned int wanted, const char *usage,
		     struct hyper_pool *pool, struct error *error)
{
	if (count != wanted)
		return error_set(error, -EINVAL, "usage: %s %s", words[0], usage);
	return cpupool_find(words[1], pool, error);
}

/* Its processors go back among the free ones. */
int verb_cpupool_destroy(char **words, unsigned int count, struct error *error)
{
	struct hyper_pool pool;
	char path[32];
	int err = find_word(words, count, 2, "POOL", &pool, error);

	if (err)
		return err;
	if (pool.domains)
		return error_set(error, -EBUSY, "%s: %u domains are in it", words[1], pool.domains);
	err = add_cpus(&pool, pool.cpus, false, words[0], error);
	if (!err)
		err = hyper_pool_destroy(pool.id);
	if (err)
		return error_set(error, err, "%s: %s", words[1], strerror(-err));
	snprintf(path, sizeof(path), POOL_PATH, pool.id);
	xs_rm(XS_NO_TX, path, NULL);
	return 0;
}

int verb_cpupool_list(char **words, unsigned int count, struct error *error)
{
	bool cpus = count > 1 && !strcmp(words[1], "-c");
	char name[POOL_NAME_MAX], list[64];
	struct hyper_pool pool;

	if (count > 1U + cpus)
		return error_set(error, -EINVAL, "usage: cpupool-list [-c]");
	printf("%-19s %-10s %-8s %s\n", "Name", cpus ? "CPU list" : "CPUs", "Sched", "Domains");
	for (uint32_t from = 0; !hyper_pool_next(from, &pool); from = pool.id + 1) {
		cpupool_name(pool.id, name);
		if (cpus)
			cpus_format(pool.cpus, ~0UL, list, sizeof(list));
		else
			snprintf(list, sizeof(list), "%d", __builtin_popcountl(pool.cpus));
		printf("%-19s %-10s %-8s %u\n", name, list, scheduler_name(pool.scheduler),
		       pool.domains);
	}
	return 0;
}

static int change_cpus(char **words, unsigned int count, bool add, struct error *error)
{
	struct hyper_pool pool;
	uint64_t mask;
	int err = find_word(words, count, 3, "POOL CPUS", &pool, error);

	if (err)
		return err;
	if (!cpus_parse(words[2], &mask))
		return error_set(error, -EINVAL, "%s: %s: write processors as in 0-3,^1", words[0],
				 words[2]);
	return add_cpus(&pool, mask, add, words[0], error);
}

int verb_cpupool_cpu_add(char **words, unsigned int count, struct error *error)
{
	return change_cpus(words, count, true, error);
}

int verb_cpupool_cpu_remove(char **words, unsigned int count, struct error *error)
{
	return change_cpus(words, count, false, error);
}

int verb_cpupool_migrate(char **words, unsigned int count, struct error *error)
{
	struct hyper_pool pool;
	domid_t domid;
	int err;

	if (count != 3)
		return error_set(error, -EINVAL, "usage: cpupool-migrate DOMAIN POOL");
	err = domain_find(words[1], &domid, error);
	if (!err)
		err = cpupool_find(words[2], &pool, error);
	if (err)
		return err;
	err = hyper_pool_move(pool.id, domid);
	if (err)
		error_set(error, err, "%s: %s", words[1],
			  err == -EPERM	 ? "Domain-0 cannot move itself" :
			  err == -ENOENT ? "that pool has no processors" :
					   strerror(-err));
	return err;
}
