/* SPDX-License-Identifier: MIT */
/*
 * A domain's configuration in the syntax of xl.cfg(5): assignments of strings, numbers and lists.
 * The same file works with xl on a stock host; what this toolstack does not know is an error that
 * names the line, never silence. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dom0/error.h"

#define CONFIG_VIFS_MAX	 8
#define CONFIG_DISKS_MAX 8
#define CONFIG_NAME_MAX	 64
#define CONFIG_PATH_MAX	 128
#define CONFIG_EXTRA_MAX 1024 /* MAX_GUEST_CMDLINE of <xen/xen.h> */

enum config_action {
	CONFIG_DESTROY,
	CONFIG_RESTART,
	CONFIG_PRESERVE,
};

struct config_vif {
	uint8_t mac[6];
	bool has_mac; /* else the toolstack makes one, Xen's prefix 00:16:3e */
	char bridge[16]; /* "xenbr0" unless told */
};

struct config_disk {
	char target[CONFIG_PATH_MAX]; /* "/dev/vda" */
	char vdev[16];		      /* "xvda" */
	uint32_t number;	      /* of vdev, as in the store: 51712 */
	bool readonly;
};

#define CONFIG_VCPUS_MAX 32 /* those that shared_info has room for */

/* When and where the vcpus run. 0: nothing was said. */
struct config_sched {
	uint32_t weight, cap; /* credit; cap: percent of one processor */
	uint32_t period_us, budget_us, extratime; /* rtds */
	bool has_cap, has_extratime;
	uint64_t hard[CONFIG_VCPUS_MAX], soft[CONFIG_VCPUS_MAX]; /* by vcpu; bit i: processor i */
	char pool[CONFIG_NAME_MAX];
};

struct domain_config {
	char name[CONFIG_NAME_MAX];
	char kernel[CONFIG_PATH_MAX];
	char ramdisk[CONFIG_PATH_MAX]; /* "": none */
	char cmdline[CONFIG_EXTRA_MAX]; /* from cmdline=, or root= and extra= */
	uint32_t memory_mib, maxmem_mib;
	uint32_t vcpus, maxvcpus;
	struct config_sched sched;
	uint8_t uuid[16];
	bool has_uuid;
	struct config_vif vif[CONFIG_VIFS_MAX];
	unsigned int vif_count;
	struct config_disk disk[CONFIG_DISKS_MAX];
	unsigned int disk_count;
	/* Without a word of them, as xl: destroy, restart, destroy, destroy. */
	enum config_action on_poweroff, on_reboot, on_crash, on_watchdog;
};

/*
 * Parse `text` (len bytes, need not end in 0) into *config. `file` is for messages: each is one
 * line, "FILE:LINE: what is wrong: how to mend". 0, -EINVAL, -ENOMEM. Notices about keys of xl that
 * have no meaning here but do no harm (script=, model=...) go to `notice`, if that is not NULL.
 */
int config_parse(struct domain_config *config, const char *text, size_t len, const char *file,
		 void (*notice)(const char *line), struct error *error);
