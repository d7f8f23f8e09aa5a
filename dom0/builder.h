/* SPDX-License-Identifier: MIT */
/* Fills a new domain's memory and its first vcpu, so that it only waits to be unpaused. */
#pragma once

#include "dom0/kernel.h"
#include "guest/types.h"

#include <xen/event_channel.h>

struct build {
	/* in */
	const char *name; /* of the kernel, for messages */
	const void *kernel, *ramdisk;
	size_t kernel_size, ramdisk_size; /* ramdisk NULL, 0: none */
	const char *cmdline;
	uint64_t memory_pages;
	evtchn_port_t store_port, console_port; /* of the new domain, for `store_domid` 0 */

	/* out */
	mfn_t store_mfn, console_mfn;
	uint64_t used_pages; /* of the layout */

	/* what build_check found */
	struct kernel opened;
	struct layout layout;
};

/* Check everything that needs no domain yet: kernel, layout, memory. 0 or -errno with its line. */
int build_check(struct build *build, struct error *error);

/*
 * Memory, image, page tables, start_info, vcpu 0, of a build that was checked. The caller destroys
 * the domain after a failure.
 */
int build_domain(domid_t domid, struct build *build, struct error *error);
