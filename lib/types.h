/* SPDX-License-Identifier: MIT */
/* Basic types and macros that every part of the tree uses. Freestanding. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1UL << PAGE_SHIFT)
#define PAGE_MASK  (~(PAGE_SIZE - 1))

/* A machine frame number and a guest's pseudo-physical frame number: never one for the other. */
typedef struct mfn {
	uint64_t n;
} mfn_t;

typedef struct pfn {
	uint64_t n;
} pfn_t;

#define MFN(x)   ((mfn_t){ (x) })
#define PFN(x)   ((pfn_t){ (x) })
#define MFN_NONE MFN(~0ULL)
#define PFN_NONE PFN(~0ULL)

static inline bool mfn_eq(mfn_t a, mfn_t b)
{
	return a.n == b.n;
}

static inline bool pfn_eq(pfn_t a, pfn_t b)
{
	return a.n == b.n;
}

static inline bool mfn_is_none(mfn_t m)
{
	return m.n == ~0ULL;
}

static inline bool pfn_is_none(pfn_t p)
{
	return p.n == ~0ULL;
}

static inline mfn_t mfn_add(mfn_t m, uint64_t count)
{
	return MFN(m.n + count);
}

static inline pfn_t pfn_add(pfn_t p, uint64_t count)
{
	return PFN(p.n + count);
}

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define container_of(ptr, type, member) \
	((type *)((char *)(1 ? (ptr) : &((type *)0)->member) - offsetof(type, member)))

#define MIN(a, b)                              \
	({                                     \
		__typeof__(a) min_a = (a);     \
		__typeof__(b) min_b = (b);     \
		min_a < min_b ? min_a : min_b; \
	})

#define MAX(a, b)                              \
	({                                     \
		__typeof__(a) max_a = (a);     \
		__typeof__(b) max_b = (b);     \
		max_a > max_b ? max_a : max_b; \
	})

/* Powers of two only. The sum in ROUND_UP may wrap: check hostile numbers before. */
#define ROUND_DOWN(x, align) ((x) & ~((__typeof__(x))(align)-1))
#define ROUND_UP(x, align)   ROUND_DOWN((x) + (__typeof__(x))(align)-1, align)
#define DIV_ROUND_UP(x, y)   (((x) + (y)-1) / (y))
#define IS_ALIGNED(x, align) (((x) & ((__typeof__(x))(align)-1)) == 0)

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Capitals, because C libraries use the names with underscores for fields and macros of theirs. */
#define PACKED       __attribute__((packed))
#define ALIGNED(n)   __attribute__((aligned(n)))
#define SECTION(s)   __attribute__((section(s)))
#define NORETURN     __attribute__((noreturn))
#define WEAK         __attribute__((weak))
#define UNUSED       __attribute__((unused))
#define USED         __attribute__((used))
#define NOINLINE     __attribute__((noinline))
#define MUST_CHECK   __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))

/*
 * One access, neither torn, repeated nor merged by the compiler: for memory that another domain,
 * processor or device writes. Copy such a value once, check the copy, use the copy.
 */
#define READ_ONCE(x)     (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

/* x86 keeps loads and stores in order but for a store followed by a load; only mb() orders that. */
#define barrier() __asm__ volatile("" ::: "memory")
#define rmb()     barrier()
#define wmb()     barrier()
#define mb()      __asm__ volatile("lock addl $0, (%%rsp)" ::: "memory", "cc")
