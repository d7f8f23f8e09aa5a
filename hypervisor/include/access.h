/* SPDX-License-Identifier: MIT */
/*
 * Guest memory by guest address, in the current address space. A copy returns the number of bytes
 * NOT copied (0: all); a fault ends it (exception table), never the hypervisor. Addresses within
 * the hypervisor's range and non-canonical ones copy nothing. Read a guest's argument once, into
 * a local.
 */
#pragma once

#include "layout.h"
#include "machine.h"
#include "types.h"

/*
 * Whole range outside the hypervisor's area, no wrap-around. Counted from that area's end upwards,
 * what is a guest's is one range: so a few words, where the compiler knows how many, take one
 * comparison. (They may lie around the top of the address space; all of them are the guest's.)
 */
static inline bool guest_range_ok(const void *p, size_t n)
{
	unsigned long a = (unsigned long)p;

	if (__builtin_constant_p(n) && n <= 4096)
		return a - HYPER_VIRT_END <= GUEST_LOW_END - HYPER_VIRT_END - n;
	return a + n >= a && (a + n <= GUEST_LOW_END || a >= HYPER_VIRT_END);
}

/*
 * Where a list begins, as Xen looks at it before it begins: entries are copied one by one, and
 * those before the one that cannot be are done.
 */
static inline bool guest_list_ok(const void *p)
{
	return guest_range_ok(p, 1);
}

/*
 * stac and clac, where the processor has SMAP (x86/cpu.c patches the sites; no-ops before and
 * elsewhere).
 */
#define GUEST_SITE(open)                                                                           \
	"8: .byte 0x0f, 0x1f, 0x00\n"                                                              \
	".pushsection .smap_sites, \"a\"; .balign 4; .long 8b - ., " #open "; .popsection\n"

static inline void guest_open(void)
{
	__asm__ volatile(GUEST_SITE(1)::: "memory");
}
static inline void guest_close(void)
{
	__asm__ volatile(GUEST_SITE(0)::: "memory");
}

/*
 * One word between guest_open and guest_close, of an address that guest_range_ok has seen; a
 * fault goes to `label`.
 */
#define guest_load(val, from, label)                             \
	__asm__ goto("1: mov %1, %0\n" EXTABLE_TEXT("1b", "%l2") \
		     : "=r"(val)                                 \
		     : "m"(*(from))                              \
		     :                                           \
		     : label)
#define guest_store(to, val, label)                           \
	__asm__ goto("1: mov %1, %0\n" EXTABLE_TEXT("1b", "%l2") \
		     :                                        \
		     : "m"(*(to)), "r"(val)                   \
		     : "memory"                               \
		     : label)

/* Any size, byte-exact: how many of the n bytes were not copied. */
size_t copy_from_guest_bytes(void *to, const void *from, size_t n);
size_t copy_to_guest_bytes(void *to, const void *from, size_t n);
size_t clear_guest(void *to, size_t n);

typedef uint64_t __attribute__((may_alias)) guest_u64;
typedef uint32_t __attribute__((may_alias)) guest_u32;

/*
 * Structures of a few words, as hypercalls' arguments are, word by word in line. n is a constant
 * multiple of 4.
 */
#define GUEST_INLINE_MAX 80
static inline __attribute__((always_inline)) size_t guest_read_words(void *to, const void *from,
								     size_t n)
{
	const guest_u64 *f = from;
	guest_u64 *t = to, word;
	uint32_t half;
	size_t i;

	if (unlikely(!guest_range_ok(from, n)))
		return n;
	guest_open();
#pragma GCC unroll 10
	for (i = 0; i < n / 8; i++) {
		guest_load(word, &f[i], fault);
		t[i] = word;
	}
	if (n % 8) {
		guest_load(half, (const guest_u32 *)&f[n / 8], fault);
		*(guest_u32 *)&t[n / 8] = half;
	}
	guest_close();
	return 0;
fault:
	guest_close();
	return n;
}

static inline __attribute__((always_inline)) size_t guest_write_words(void *to, const void *from,
								      size_t n)
{
	const guest_u64 *f = from;
	guest_u64 *t = to;
	size_t i;

	if (unlikely(!guest_range_ok(to, n)))
		return n;
	guest_open();
#pragma GCC unroll 10
	for (i = 0; i < n / 8; i++)
		guest_store(&t[i], f[i], fault);
	if (n % 8)
		guest_store((guest_u32 *)&t[n / 8], *(const guest_u32 *)&f[n / 8], fault);
	guest_close();
	return 0;
fault:
	guest_close();
	return n;
}

static inline __attribute__((always_inline)) size_t copy_from_guest(void *to, const void *from,
								    size_t n)
{
	if (__builtin_constant_p(n) && n <= GUEST_INLINE_MAX && n % 4 == 0)
		return guest_read_words(to, from, n);
	return copy_from_guest_bytes(to, from, n);
}

static inline __attribute__((always_inline)) size_t copy_to_guest(void *to, const void *from,
								  size_t n)
{
	if (__builtin_constant_p(n) && n <= GUEST_INLINE_MAX && n % 4 == 0)
		return guest_write_words(to, from, n);
	return copy_to_guest_bytes(to, from, n);
}

/* One naturally aligned 8-byte word, written in a single access: 0 or -EFAULT. */
static inline int put_guest_u64(void *to, uint64_t val)
{
	return guest_write_words(to, &val, sizeof(val)) ? -EFAULT : 0;
}
