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

/* `count` times 64 bytes: lea and dec leave the carry alone, so that one chain runs through all. */
static uint64_t add64bytes(uint64_t sum, const uint8_t *p, size_t count)
{
	__asm__ volatile("clc\n"
			 "1:\n\t"
			 "adcq 0(%1), %0\n\t"
			 "adcq 8(%1), %0\n\t"
			 "adcq 16(%1), %0\n\t"
			 "adcq 24(%1), %0\n\t"
			 "adcq 32(%1), %0\n\t"
			 "adcq 40(%1), %0\n\t"
			 "adcq 48(%1), %0\n\t"
			 "adcq 56(%1), %0\n\t"
			 "leaq 64(%1), %1\n\t"
			 "decq %2\n\t"
			 "jnz 1b\n\t"
			 "adcq $0, %0"
			 : "+r"(sum), "+r"(p), "+r"(count)
			 :
			 : "cc", "memory");
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

	if (len >= 64) {
		sum = add64bytes(sum, p, len / 64);
		p += len & ~(size_t)63;
		len &= 63;
	}
	if (len >= 32) {
		sum = add32bytes(sum, p);
		p += 32;
		len -= 32;
	}
	for (; len >= 8; len -= 8, p += 8)
		sum = add_carry(sum, load64(p));
	memcpy(&rest, p, len);
	return add_carry(sum, rest);
}
