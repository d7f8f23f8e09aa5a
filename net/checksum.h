/* SPDX-License-Identifier: MIT */
/* The Internet checksum (RFC 1071) over pieces of memory. Pure. */
#pragma once

#include "lib/types.h"

/*
 * Adds len bytes to a running sum in 64 bits. Sums of pieces may be added when every piece but the
 * last has an even length; checksum_swap turns the sum of a piece at an odd offset into the other.
 */
uint64_t checksum_add(uint64_t sum, const void *data, size_t len);

/* Folds to 16 bits, in memory order, not complemented. */
static inline uint16_t checksum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static inline uint16_t checksum_swap(uint16_t sum)
{
	return (uint16_t)(sum << 8 | sum >> 8);
}
