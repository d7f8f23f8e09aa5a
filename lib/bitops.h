/* SPDX-License-Identifier: MIT */
/*
 * Bits in words and in bitmaps of unsigned long, bit 0 the lowest of word 0. The bit_* functions
 * are atomic and full barriers; the bitmap_* ones are plain and need the caller's lock.
 */
#pragma once

#include "lib/types.h"

#define BITS_PER_LONG   64
#define BITMAP_LONGS(n) DIV_ROUND_UP(n, BITS_PER_LONG)
#define BITMAP(name, n) unsigned long name[BITMAP_LONGS(n)]
#define BIT(n)          (1UL << (n))

/* Lowest or highest set bit; x must not be 0. */
static inline unsigned int bits_lowest(unsigned long x)
{
	return (unsigned int)__builtin_ctzl(x);
}

static inline unsigned int bits_highest(unsigned long x)
{
	return 63 - (unsigned int)__builtin_clzl(x);
}

/* The smallest order for which 1 << order >= n; n = 0 counts as 1. */
static inline unsigned int bits_order(unsigned long n)
{
	return n <= 1 ? 0 : bits_highest(n - 1) + 1;
}

static inline bool bit_test(const unsigned long *map, unsigned long n)
{
	return READ_ONCE(map[n / BITS_PER_LONG]) >> (n % BITS_PER_LONG) & 1;
}

static inline void bit_set(unsigned long *map, unsigned long n)
{
	__atomic_fetch_or(&map[n / BITS_PER_LONG], BIT(n % BITS_PER_LONG), __ATOMIC_SEQ_CST);
}

static inline void bit_clear(unsigned long *map, unsigned long n)
{
	__atomic_fetch_and(&map[n / BITS_PER_LONG], ~BIT(n % BITS_PER_LONG), __ATOMIC_SEQ_CST);
}

/* Both return what the bit was before. */
static inline bool bit_test_and_set(unsigned long *map, unsigned long n)
{
	unsigned long mask = BIT(n % BITS_PER_LONG);

	return __atomic_fetch_or(&map[n / BITS_PER_LONG], mask, __ATOMIC_SEQ_CST) & mask;
}

static inline bool bit_test_and_clear(unsigned long *map, unsigned long n)
{
	unsigned long mask = BIT(n % BITS_PER_LONG);

	return __atomic_fetch_and(&map[n / BITS_PER_LONG], ~mask, __ATOMIC_SEQ_CST) & mask;
}

static inline void bitmap_set(unsigned long *map, unsigned long n)
{
	map[n / BITS_PER_LONG] |= BIT(n % BITS_PER_LONG);
}

static inline void bitmap_clear(unsigned long *map, unsigned long n)
{
	map[n / BITS_PER_LONG] &= ~BIT(n % BITS_PER_LONG);
}

/* The bits [first, first + count). */
static inline void bitmap_set_range(unsigned long *map, unsigned long first, unsigned long count)
{
	unsigned long n;

	for (; count; first += n, count -= n) {
		n = MIN(count, BITS_PER_LONG - first % BITS_PER_LONG);
		map[first / BITS_PER_LONG] |= ~0UL >> (BITS_PER_LONG - n) << first % BITS_PER_LONG;
	}
}

static inline void bitmap_clear_range(unsigned long *map, unsigned long first, unsigned long count)
{
	unsigned long n;

	for (; count; first += n, count -= n) {
		n = MIN(count, BITS_PER_LONG - first % BITS_PER_LONG);
		map[first / BITS_PER_LONG] &=
			~(~0UL >> (BITS_PER_LONG - n) << first % BITS_PER_LONG);
	}
}

static inline bool bitmap_test(const unsigned long *map, unsigned long n)
{
	return map[n / BITS_PER_LONG] >> (n % BITS_PER_LONG) & 1;
}

/* First set bit at or after from, below size; size when there is none. */
static inline unsigned long bitmap_next(const unsigned long *map, unsigned long size,
					unsigned long from)
{
	unsigned long i, word;

	if (from >= size)
		return size;
	i = from / BITS_PER_LONG;
	word = map[i] & (~0UL << (from % BITS_PER_LONG));
	while (!word) {
		if (++i >= BITMAP_LONGS(size))
			return size;
		word = map[i];
	}
	return MIN(i * BITS_PER_LONG + bits_lowest(word), size);
}

/* First clear bit at or after from, below size; size when there is none. */
static inline unsigned long bitmap_next_clear(const unsigned long *map, unsigned long size,
					      unsigned long from)
{
	unsigned long i, word;

	if (from >= size)
		return size;
	i = from / BITS_PER_LONG;
	word = ~map[i] & (~0UL << (from % BITS_PER_LONG));
	while (!word) {
		if (++i >= BITMAP_LONGS(size))
			return size;
		word = ~map[i];
	}
	return MIN(i * BITS_PER_LONG + bits_lowest(word), size);
}

static inline unsigned long bitmap_count(const unsigned long *map, unsigned long size)
{
	unsigned long count = 0, i;

	for (i = bitmap_next(map, size, 0); i < size; i = bitmap_next(map, size, i + 1))
		count++;
	return count;
}

#define bitmap_for_each(bit, map, size)                         \
	for ((bit) = bitmap_next(map, size, 0); (bit) < (size); \
	     (bit) = bitmap_next(map, size, (bit) + 1))
