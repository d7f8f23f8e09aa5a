/* SPDX-License-Identifier: MIT */
/* What a configuration says about scheduling, done; and the shell's verbs for it. */
#pragma once

#include <stdbool.h>

#include "dom0/config.h"
#include "dom0/error.h"
#include "dom0/hyper.h"
#include "guest/types.h"

const char *scheduler_name(uint32_t id); /* of XEN_SCHEDULER_*; "?" */
bool scheduler_id(const char *name, uint32_t *id);

/* The pool that `config` names, or the first. 0 or -errno with its line. */
int sched_choose_pool(const struct domain_config *config, uint32_t *pool, struct error *error);
/* Weight, cap, period, budget and affinity of a new domain. 0 or -errno with its line. */
int sched_apply(domid_t domid, const struct domain_config *config, struct error *error);

/*
 * For verbs that list: *info is of the next domain from *next on, or of the one of that number only
 * if a name is given. False: no more.
 */
bool next_domain(const char *name, domid_t *next, xen_domctl_getdomaininfo_t *info);

int verb_sched_credit(char **words, unsigned int count, struct error *error);
int verb_sched_rtds(char **words, unsigned int count, struct error *error);
int verb_vcpu_list(char **words, unsigned int count, struct error *error);
int verb_vcpu_set(char **words, unsigned int count, struct error *error);
int verb_vcpu_pin(char **words, unsigned int count, struct error *error);
