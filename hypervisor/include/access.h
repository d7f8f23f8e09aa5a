/* SPDX-License-Identifier: MIT */
/*
 * Guest memory by guest address, in the current address space. A copy returns the number of bytes
 * NOT copied (0: all); a fault ends it (exception table), never the hypervisor. Addresses within the hypervisor's
 * range and non-canonical ones copy nothing. Read a guest's argument once, into a local.
 */
#pragma once

#include "layout.h"
#include "types.h"

size_t copy_from_guest(void *to, const void *from, size_t n);
size_t copy_to_guest(void *to, const void *from, size_t n);
size_t clear_guest(void *to, size_t n);

/* Whole range outside the hypervisor's area, no wrap-around. */
static inline bool guest_range_ok(const void *p, size_t n)
{
	unsigned long a = (unsigned long)p;

	return a + n >= a && (a + n <= GUEST_LOW_END || a >= HYPER_VIRT_END);
}

/* One naturally aligned 8-byte word, read or written in a single access: 0 or -EFAULT. */
int get_guest_u64(uint64_t *val, const void *from);
int put_guest_u64(void *to, uint64_t val);
int cmpxchg_guest_u64(void *at, uint64_t *old, uint64_t new); /* *old: what was there */
