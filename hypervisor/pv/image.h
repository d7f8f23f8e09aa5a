/* SPDX-License-Identifier: MIT */
/* dom0's kernel image and where everything of dom0 lies at its start. */
#pragma once

#include "lib/elf.h"
#include "pv.h"

#define ADDRESS_UNSET (~0UL)

/* What the image's notes say (<xen/elfnote.h>). */
struct image {
	struct elf elf;
	uint64_t virt_base, virt_offset; /* segment address + virt_offset = virtual address */
	uint64_t entry, kernel_start, kernel_end;
	uint64_t hypercall_page, init_p2m; /* ADDRESS_UNSET: none */
	bool unmapped_ramdisk; /* MOD_START_PFN */
};

void image_parse(struct image *im, const void *data, size_t size); /* panics with one line */
/* Copy the segments to where virt_base + n is at[n]; [at, at + room) covers the kernel. */
void image_load(const struct image *im, char *at);

/*
 * The initial region, linear from virt_base, page-aligned parts in this order; addresses are
 * virtual. As Xen: up to a multiple of 4 MiB with at least 512 KiB behind the stack.
 */
struct layout {
	uint64_t start, ramdisk, p2m, start_info, tables, stack, end;
	uint64_t nr_tables;
};
void layout_plan(struct layout *l, const struct image *im, uint64_t ramdisk_size,
		 uint64_t nr_pages);
