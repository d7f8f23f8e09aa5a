/* SPDX-License-Identifier: MIT */
/* The Internet checksum, eight bytes at a time: one's complement addition does not care (RFC 1071,
 * 2). */

#include "net/checksum.h"

#include <string.h>

static uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Four words with their carries in one chain. */
static uint64_t add32bytes(uint64_t sum, const uint8_t *p)
{
	__asm__("addq 0(%1), %0\n\t"
		"adcq 8(%1), %0\n\t"
		"adcq 16(%1), %0\n\t"
		"adcq 24(%1), %0\n\t"
		"adcq $0, %0"
		: "+r"(sum)
		: "r"(p), "m"(*(const uint8_t(*)[32])p)
		: "cc");
	return sum;
}

static uint64_t add_carry(uint64_t sum, uint64_t v)
{
	sum += v;
	return sum + (sum < v);
}

uint64_t checksum_add(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t rest = 0;

	for (; len >= 32; len -= 32, p += 32)
		sum = add32bytes(sum, p);
	for (; len >= 8; len -= 8, p += 8)
		sum = add_carry(sum, load64(p));
	memcpy(&rest, p, len);
	return add_carry(sum, rest);
}
