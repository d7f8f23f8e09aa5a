/* SPDX-License-Identifier: MIT */
/* A PV64 kernel as its ELF notes describe it, and where everything lies when it starts. Pure. */
#pragma once

#include "dom0/error.h"
#include "lib/elf.h"

#define KERNEL_NO_P2M_BASE UINT64_MAX

struct kernel {
	struct elf elf;
	uint64_t virt_base;	 /* pfn 0 is mapped here */
	uint64_t virt_offset;	 /* of a segment: va = its physical address + this */
	uint64_t entry;		 /* va */
	uint64_t hypercall_page; /* va; 0: none */
	uint64_t p2m_base;	 /* va where the kernel wants its p2m, or KERNEL_NO_P2M_BASE */
	bool mod_by_pfn;	 /* it takes the ramdisk's pfn instead of an address */
	bool data_nx;		 /* it runs nothing outside its segments (guest/notes.h) */
	uint64_t start, end;	 /* of all segments, va */
};

/* The image stays the caller's and must not change. 0, or -ENOEXEC with the line why. */
int kernel_open(struct kernel *kernel, const void *image, size_t size, const char *name,
		struct error *error);

/*
 * Start-of-day layout (<xen/xen.h>, "startofday"): pseudo-physical pages in this order, mapped at
 * virt_base + pfn * 4096 up to map_pages. first_* are pfns.
 */
struct layout {
	uint64_t total_pages;
	uint64_t first_kernel, kernel_pages;
	uint64_t first_module, module_pages;
	uint64_t first_p2m, p2m_pages;
	uint64_t start_info, store, console;
	uint64_t first_table, table_pages;
	uint64_t stack;
	uint64_t used_pages; /* all of the above lies below */
	uint64_t map_pages;  /* mapped at the start: with padding, to a 4 MiB boundary, if there is
				so much */
	uint64_t p2m_va;
};

/* 0, or -ENOMEM with the line how much memory it would take. */
int layout_compute(struct layout *layout, const struct kernel *kernel, uint64_t module_size,
		   uint64_t total_pages, const char *name, struct error *error);

static inline uint64_t layout_va(const struct kernel *kernel, uint64_t pfn)
{
	return kernel->virt_base + (pfn << PAGE_SHIFT);
}
