/* SPDX-License-Identifier: MIT */
/*
 * Memory and string functions in general registers only, so the hypervisor may use them.
 *
 * Copies and fills up to SMALL bytes go by words whose first and last may overlap; larger ones go
 * by `rep`, eight bytes an iteration, which counts as one instruction and is fast on all of x86-64.
 * Compiled with -fno-tree-loop-distribute-patterns, or gcc finds a memcpy in memcpy and calls it.
 */
#include "lib/string.h"
#include "lib/types.h"

#define SMALL 128
#define PAGE  4096UL

typedef uint64_t __attribute__((may_alias, aligned(1))) word_t;
typedef uint32_t __attribute__((may_alias, aligned(1))) half_t;
typedef uint16_t __attribute__((may_alias, aligned(1))) quarter_t;
typedef uint64_t __attribute__((may_alias)) aligned_word_t;

#define ONES  0x0101010101010101ULL
#define HIGHS 0x8080808080808080ULL

static inline uint64_t word_at(const void *p, size_t offset)
{
	return *(const word_t *)((const char *)p + offset);
}

static inline void word_put(void *p, size_t offset, uint64_t value)
{
	*(word_t *)((char *)p + offset) = value;
}

/* Up to 16 bytes; all are read before the first is written, so the two may overlap. */
static inline void copy_tiny(char *d, const char *s, size_t size)
{
	if (size >= 8) {
		uint64_t first = word_at(s, 0), last = word_at(s, size - 8);

		word_put(d, 0, first);
		word_put(d, size - 8, last);
	} else if (size >= 4) {
		uint32_t first = *(const half_t *)s, last = *(const half_t *)(s + size - 4);

		*(half_t *)d = first;
		*(half_t *)(d + size - 4) = last;
	} else if (size >= 2) {
		uint16_t first = *(const quarter_t *)s, last = *(const quarter_t *)(s + size - 2);

		*(quarter_t *)d = first;
		*(quarter_t *)(d + size - 2) = last;
	} else if (size) {
		*d = *s;
	}
}

void *memcpy(void *restrict dst, const void *restrict src, size_t size)
{
	char *d = dst;
	const char *s = src;
	uint64_t last[2];
	size_t i, count;

	if (size <= 16) {
		copy_tiny(d, s, size);
		return dst;
	}
	last[0] = word_at(s, size - 16);
	last[1] = word_at(s, size - 8);
	if (size <= SMALL) {
		for (i = 0; i + 16 < size; i += 16) {
			uint64_t a = word_at(s, i), b = word_at(s, i + 8);

			word_put(d, i, a);
			word_put(d, i + 8, b);
		}
	} else {
		char *to = d;

		count = size / 8;
		__asm__ volatile("rep movsq" : "+D"(to), "+S"(s), "+c"(count) : : "memory");
	}
	word_put(d, size - 16, last[0]);
	word_put(d, size - 8, last[1]);
	return dst;
}

void *memmove(void *dst, const void *src, size_t size)
{
	char *d = dst;
	const char *s = src;

	if (size <= 16) {
		copy_tiny(d, s, size);
		return dst;
	}
	/* Apart, or the destination lies below: the forward copy reads ahead of what it writes. */
	if ((uintptr_t)d - (uintptr_t)s >= size) {
		uint64_t tail[2] = { word_at(s, size - 16), word_at(s, size - 8) };
		size_t i;

		for (i = 0; i + 16 < size && size <= SMALL; i += 16) {
			uint64_t a = word_at(s, i), b = word_at(s, i + 8);

			word_put(d, i, a);
			word_put(d, i + 8, b);
		}
		if (size > SMALL) {
			char *to = d;
			size_t count = size / 8;

			__asm__ volatile("rep movsq" : "+D"(to), "+S"(s), "+c"(count) : : "memory");
		}
		word_put(d, size - 16, tail[0]);
		word_put(d, size - 8, tail[1]);
	} else {
		uint64_t head[2] = { word_at(s, 0), word_at(s, 8) };

		/* `rep` with the direction flag set is slow everywhere: copy down in a loop. */
		for (; size > 16; size -= 16) {
			uint64_t a = word_at(s, size - 16), b = word_at(s, size - 8);

			word_put(d, size - 16, a);
			word_put(d, size - 8, b);
		}
		word_put(d, 0, head[0]);
		word_put(d, 8, head[1]);
	}
	return dst;
}

void *memset(void *dst, int byte, size_t size)
{
	uint64_t value = (uint8_t)byte * ONES;
	char *d = dst;
	size_t i, count;

	if (size < 8) {
		for (i = 0; i < size; i++)
			d[i] = (char)byte;
		return dst;
	}
	if (size <= SMALL) {
		for (i = 0; i + 8 < size; i += 8)
			word_put(d, i, value);
	} else {
		char *to = d;

		count = size / 8;
		__asm__ volatile("rep stosq" : "+D"(to), "+c"(count) : "a"(value) : "memory");
	}
	word_put(d, size - 8, value);
	return dst;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const uint8_t *x = a, *y = b;
	size_t i = 0;

	for (; i + 8 <= size; i += 8) {
		uint64_t p = word_at(x, i), q = word_at(y, i);

		if (p != q)
			return __builtin_bswap64(p) < __builtin_bswap64(q) ? -1 : 1;
	}
	for (; i < size; i++)
		if (x[i] != y[i])
			return x[i] - y[i];
	return 0;
}

void *memchr(const void *s, int byte, size_t size)
{
	const uint8_t *p = s;
	uint64_t pattern = (uint8_t)byte * ONES;
	size_t i = 0;

	/* Aligned words, so nothing is read of a page that the byte's own page does not reach. */
	for (; i < size && (uintptr_t)(p + i) % 8; i++)
		if (p[i] == (uint8_t)byte)
			return (void *)(p + i);
	for (; i + 8 <= size; i += 8) {
		uint64_t x = word_at(p, i) ^ pattern;

		if ((x - ONES) & ~x & HIGHS)
			break;
	}
	for (; i < size; i++)
		if (p[i] == (uint8_t)byte)
			return (void *)(p + i);
	return NULL;
}

size_t strlen(const char *s)
{
	const char *p = s;
	uint64_t x, zero;

	for (; (uintptr_t)p % 8; p++)
		if (!*p)
			return (size_t)(p - s);
	/* An aligned word lies in one page with its first byte, so it can be read past the end. */
	for (;; p += 8) {
		x = *(const aligned_word_t *)p;
		zero = (x - ONES) & ~x & HIGHS;
		if (zero)
			return (size_t)(p - s) + (size_t)__builtin_ctzll(zero) / 8;
	}
}

size_t strnlen(const char *s, size_t max)
{
	const char *end = memchr(s, 0, max);

	return end ? (size_t)(end - s) : max;
}

/*
 * The first place where a and b differ or end, at most max. Eight bytes at a time where neither
 * eight reach into another page: what lies behind an end is read, and not looked at.
 */
static size_t __attribute__((no_sanitize("address"))) differ(const char *a, const char *b,
							      size_t max)
{
	size_t i = 0;

	while (i < max) {
		uint64_t x, y, found;

		if (((uintptr_t)(a + i) & (PAGE - 1)) > PAGE - 8 ||
		    ((uintptr_t)(b + i) & (PAGE - 1)) > PAGE - 8) {
			if (a[i] != b[i] || !a[i])
				return i;
			i++;
			continue;
		}
		x = *(const word_t *)(a + i);
		y = *(const word_t *)(b + i);
		found = (x ^ y) | ((x - ONES) & ~x & HIGHS);
		if (found)
			return MIN(i + (size_t)__builtin_ctzll(found) / 8, max);
		i += 8;
	}
	return max;
}

int strcmp(const char *a, const char *b)
{
	size_t i = differ(a, b, SIZE_MAX);

	return (uint8_t)a[i] - (uint8_t)b[i];
}

int strncmp(const char *a, const char *b, size_t max)
{
	size_t i = differ(a, b, max);

	return i < max ? (uint8_t)a[i] - (uint8_t)b[i] : 0;
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)s;
}

char *strrchr(const char *s, int c)
{
	const char *found = NULL;

	do {
		if (*s == (char)c)
			found = s;
	} while (*s++);
	return (char *)found;
}

char *strstr(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (; *text; text++)
		if (!strncmp(text, word, len))
			return (char *)text;
	return len ? NULL : (char *)text;
}

size_t strlcpy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src), n = MIN(len, size - 1);

	memcpy(dst, src, n);
	dst[n] = 0;
	return len;
}
