/* SPDX-License-Identifier: MIT */
/* The toolstack's domains: from a configuration to a running domain, and what follows its end. */
#pragma once

#include "dom0/config.h"
#include "guest/types.h"

#include <xen/domctl.h>

/*
 * Create and start a domain from the text of a configuration. Nothing is left behind after an
 * error. All of these take the lock, and may be called from any thread. 0 or -errno with its line.
 */
int domain_create(const char *text, size_t len, const char *file, bool paused, domid_t *domid,
		  struct error *error);

/* The same from the ramdisk: a file by its path, or by its NAME in etc/lamina/NAME.cfg. */
int domain_create_file(const char *path, bool paused, domid_t *domid, struct error *error);

/* "3" or "httpd" to a domid. -ESRCH. */
int domain_find(const char *name, domid_t *domid, struct error *error);

/* At once, without asking it; only what this toolstack made (-ESRCH). */
int domain_destroy(domid_t domid, struct error *error);

/* Ask it by "control/shutdown"; reason "poweroff" or "reboot". Does not wait for the end. */
int domain_shutdown(domid_t domid, const char *reason, struct error *error);
/*
 * How much it shall have from now on, up to its maxmem=: it gives back or takes by its balloon, as
 * far as it can, and Xen lets it have no more.
 */
int domain_set_memory(domid_t domid, uint64_t kib, struct error *error);
int domain_pause(domid_t domid, bool pause, struct error *error);

/* The name that a domain was configured with; "Domain-0" and "?" else. */
void domain_name(domid_t domid, char *name, size_t size);

/* How many the toolstack has. */
unsigned int domain_count(void);
