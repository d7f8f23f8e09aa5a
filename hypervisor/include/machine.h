/* SPDX-License-Identifier: MIT */
/* Instructions that C has no words for. */
#pragma once

#include "types.h"

/* In inline assembly: where a fault at label `at` goes on, a row of the exception table. */
#define EXTABLE_TEXT(at, to)                                                                       \
	".pushsection .extable, \"a\"; .balign 4; .long " at " - ., " to " - .; .popsection\n"
#define EXTABLE_ROW(at, to) EXTABLE_TEXT(#at, #to)

int rdmsr_safe(uint32_t m, uint64_t *v); /* 0, or -EFAULT after #GP */
int wrmsr_safe(uint32_t m, uint64_t v);

/*
 * Bit n of a bitmap, by an instruction that finds the word itself: set (atomic, a full barrier),
 * what it was before; or only looked at.
 */
static inline bool bts_locked(unsigned long *map, uint64_t n)
{
	bool was;

	__asm__ volatile("lock btsq %2, %1" : "=@ccc"(was), "+m"(*map) : "r"(n) : "memory");
	return was;
}
static inline bool bt(const unsigned long *map, uint64_t n)
{
	bool is;

	__asm__ volatile("btq %2, %1" : "=@ccc"(is) : "m"(*map), "r"(n) : "memory");
	return is;
}

static inline uint64_t read_cr0(void)
{
	uint64_t v;

	__asm__ volatile("mov %%cr0, %0" : "=r"(v));
	return v;
}

static inline uint64_t read_cr2(void)
{
	uint64_t v;

	__asm__ volatile("mov %%cr2, %0" : "=r"(v));
	return v;
}

static inline uint64_t read_cr3(void)
{
	uint64_t v;

	__asm__ volatile("mov %%cr3, %0" : "=r"(v));
	return v;
}

static inline uint64_t read_cr4(void)
{
	uint64_t v;

	__asm__ volatile("mov %%cr4, %0" : "=r"(v));
	return v;
}

static inline void write_cr0(uint64_t v)
{
	__asm__ volatile("mov %0, %%cr0" ::"r"(v) : "memory");
}

static inline void write_cr3(uint64_t v)
{
	__asm__ volatile("mov %0, %%cr3" ::"r"(v) : "memory");
}

static inline void write_cr4(uint64_t v)
{
	__asm__ volatile("mov %0, %%cr4" ::"r"(v) : "memory");
}

static inline uint64_t rdtsc(void)
{
	uint32_t l, h;

	__asm__ volatile("rdtsc" : "=a"(l), "=d"(h));
	return l | (uint64_t)h << 32;
}

static inline uint64_t rdmsr(uint32_t m)
{
	uint32_t l, h;

	__asm__ volatile("rdmsr" : "=a"(l), "=d"(h) : "c"(m));
	return l | (uint64_t)h << 32;
}

static inline void wrmsr(uint32_t m, uint64_t v)
{
	__asm__ volatile("wrmsr" ::"c"(m), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}

static inline void outb(uint16_t p, uint8_t v)
{
	__asm__ volatile("outb %0, %1" ::"a"(v), "Nd"(p));
}

static inline void outw(uint16_t p, uint16_t v)
{
	__asm__ volatile("outw %0, %1" ::"a"(v), "Nd"(p));
}

static inline void outl(uint16_t p, uint32_t v)
{
	__asm__ volatile("outl %0, %1" ::"a"(v), "Nd"(p));
}

static inline uint8_t inb(uint16_t p)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(p));
	return v;
}

static inline uint16_t inw(uint16_t p)
{
	uint16_t v;

	__asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(p));
	return v;
}

static inline uint32_t inl(uint16_t p)
{
	uint32_t v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(p));
	return v;
}

static inline void cpuid(uint32_t leaf, uint32_t sub, uint32_t r[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
			 : "a"(leaf), "c"(sub));
}
