/* SPDX-License-Identifier: MIT */
/* The hypervisor's types: lib's, the ABI's, and what guards against a guest's numbers. */
#pragma once

#include "lib/bitops.h"
#include "lib/list.h"
#include "lib/types.h"

/* The ABI, as the toolstack's side of the public headers shows it (domctl, sysctl included). */
#define __XEN_TOOLS__             1
#define __XEN_INTERFACE_VERSION__ 0x00041100
#include <xen/xen.h>

/* EPERM, ENOENT ... with the ABI's values; returned negative. */
enum errno_value {
	ERESTART =
		85, /* internal: stopped in the middle, to be continued; never shown to a guest */
#define XEN_ERRNO(name, value) name = value,
#include <xen/errno.h>
};

typedef uint64_t paddr_t; /* a machine address, bytes */

/*
 * Clamp an index that a guest chose: 0 where i >= n, without a branch to train (Spectre v1).
 * The caller has refused i >= n already; this holds when the CPU guesses that it did not.
 */
static inline uint64_t index_nospec(uint64_t i, uint64_t n)
{
	uint64_t mask;

	__asm__("cmp %2, %1; sbb %0, %0" : "=r"(mask) : "r"(i), "r"(n) : "cc");
	return i & mask;
}

/* Both in one comparison: refuses i >= n, by a jump to `label`, and is i clamped. */
#define index_below(i, n, label)                                                          \
	({                                                                                \
		uint64_t index_i = (i), index_mask;                                       \
		__asm__ goto("cmp %2, %1; jae %l3; sbb %0, %0"                            \
			     : "=r"(index_mask)                                           \
			     : "r"(index_i), "ri"((uint64_t)(n))                          \
			     : "cc"                                                       \
			     : label);                                                    \
		index_i &index_mask;                                                      \
	})
/* Of 32 bits, where n lies in memory. */
#define index_below32(i, n, label)                                         \
	({                                                                 \
		uint32_t index_i = (i), index_mask;                        \
		__asm__ goto("cmp %2, %1; jae %l3; sbb %0, %0"             \
			     : "=r"(index_mask)                            \
			     : "r"(index_i), "m"(n)                        \
			     : "cc"                                        \
			     : label);                                     \
		index_i &index_mask;                                       \
	})
