/* SPDX-License-Identifier: MIT */
/*
 * Between the parts of a domain's life: the list (domain_list.c), from a configuration to a running
 * domain and back (domain.c), and what follows an end that the domain chose itself (domain_end.c).
 */
#pragma once

#include "dom0/consoled.h"
#include "dom0/domain.h"
#include "guest/lock.h"

/*
 * Guards the list, all fields of its members, and creation and destruction as a whole: held over
 * all steps of them, which take up to seconds, so that nobody sees half a domain. Taken before any
 * other lock of dom0; not held while a restart waits.
 */
extern struct mutex domains_lock;
extern struct domain *domains;

/* One domain that this toolstack made. */
struct domain {
	domid_t domid;
	struct domain_config config;   /* complete: a restart keeps uuid and addresses */
	struct guest_console *console; /* NULL: none yet */
	ns_t started;		       /* clock_ns time */
	bool preserved;		       /* ended, and kept for a look at it */
	struct domain *next;
};

/* All of these under domains_lock. */
struct domain *domains_by_id(domid_t domid); /* NULL: none */
struct domain *domains_by_name(const char *name);
void domains_add(struct domain *d);
void domains_remove(struct domain *d); /* allowed of one that was never added */

/* A new domain of a copy of `config`. 0, or -errno with its line; then nothing is left of it. */
int domain_build(const struct domain_config *config, bool paused, domid_t *domid,
		 struct error *error);

/* Undo everything, in reverse, whatever of it there is; d is freed. Waits for its backends. */
void domain_tear_down(struct domain *d);
