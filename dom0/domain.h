/* SPDX-License-Identifier: MIT */
/* The toolstack's domains: from a configuration to a running domain, and what follows its end. */
#pragma once

#include "dom0/config.h"
#include "dom0/consoled.h"
#include "guest/types.h"

#include <xen/domctl.h>

/* One domain that this toolstack made. All fields under the domains' lock. */
struct domain {
	domid_t domid;
	struct domain_config config;
	struct guest_console *console;
	ns_t started;
	bool preserved; /* ended, and kept for a look at it */
	struct domain *next;
};

/*
 * Create and start a domain from the text of a configuration. Nothing is left behind after an
 * error. All of these take the lock, and may be called from any thread. 0 or -errno with its line.
 */
int domain_create(const char *text, size_t len, const char *file, bool paused, domid_t *domid,
		  struct error *error);
int domain_create_file(const char *path, bool paused, domid_t *domid,
		       struct error *error); /* of the ramdisk */

/* "3" or "httpd" to a domid. -ESRCH. */
int domain_find(const char *name, domid_t *domid, struct error *error);

int domain_destroy(domid_t domid, struct error *error);
int domain_shutdown(domid_t domid, const char *reason,
		    struct error *error); /* "poweroff", "reboot" */
int domain_pause(domid_t domid, bool pause, struct error *error);

/* The name that a domain was configured with; "Domain-0" and "?" else. */
void domain_name(domid_t domid, char *name, size_t size);

/* How many the toolstack has. */
unsigned int domain_count(void);
