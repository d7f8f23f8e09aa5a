/* SPDX-License-Identifier: MIT */
/* CPU pools by name, and the shell's verbs for them. */
#pragma once

#include "dom0/hyper_sched.h"
#include "dom0/error.h"

#define POOL_NAME_MAX 64

/* A pool by its name or number: "Pool-0", "0". 0 or -errno with its line. */
int cpupool_find(const char *name, struct hyper_pool *pool, struct error *error);
void cpupool_name(uint32_t id, char name[POOL_NAME_MAX]);

int verb_cpupool_create(char **words, unsigned int count, struct error *error);
int verb_cpupool_destroy(char **words, unsigned int count, struct error *error);
int verb_cpupool_list(char **words, unsigned int count, struct error *error);
int verb_cpupool_cpu_add(char **words, unsigned int count, struct error *error);
int verb_cpupool_cpu_remove(char **words, unsigned int count, struct error *error);
int verb_cpupool_migrate(char **words, unsigned int count, struct error *error);
