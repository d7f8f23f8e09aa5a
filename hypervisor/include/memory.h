/* SPDX-License-Identifier: MIT */
/* memory_op, and what the machine's memory looks like. */
#pragma once

#include "types.h"
#include <xen/memory.h>

long do_memory_op(
	unsigned cmd,
	void *arg); /* cmd carries the continuation's start in bits 6.. (MEMOP_EXTENT_SHIFT) */

/*
 * x86/boot: the machine's memory map, as given by the loader; entries as XENMEM_machine_memory_map
 * shows them.
 */
struct e820entry {
	uint64_t addr, size;
	uint32_t type;
} __attribute__((packed));
extern struct e820entry e820[128];
extern unsigned e820_count;
