/* SPDX-License-Identifier: MIT */
/*
 * The host's stand-ins for what packets need of the guest: pages that are counted, and no upcalls.
 */
#pragma once

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest/irq.h"
#include "guest/page.h"
#include "guest/spinlock.h"
#include "net/offload.h"

static long pages_out;

/* What %gs leads to on a vcpu: upcalls are neither masked nor pending. */
static char cpu[PAGE_SIZE];

__attribute__((constructor)) static void cpu_begin(void)
{
	syscall(SYS_arch_prctl, 0x1001 /* ARCH_SET_GS */, cpu);
}

void irq_force_upcall(void)
{
}

/* There is one thread: no lock is ever waited for. */
void spin_lock_slow(struct spinlock *lock)
{
	abort();
}

void spin_unlock_slow(struct spinlock *lock)
{
	abort();
}

void *page_alloc(unsigned int order)
{
	pages_out++;
	return aligned_alloc(PAGE_SIZE, PAGE_SIZE << order);
}

void page_free(void *page, unsigned int order)
{
	(void)order;
	pages_out--;
	free(page);
}

static inline uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline void put16(uint8_t *p, unsigned int v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* The checksum as RFC 1071 tells it, two bytes at a time. */
static inline uint16_t plain_sum(const uint8_t *p, size_t len, uint32_t sum)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += get16(p + i);
	if (len & 1)
		sum += (uint32_t)p[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Whether an IPv4 or IPv6 frame of TCP or UDP without options in one piece has a right checksum. */
static inline bool checksum_right(const uint8_t *frame, size_t len)
{
	bool v6 = get16(frame + 12) == 0x86dd;
	const uint8_t *ip = frame + 14, *addresses = ip + (v6 ? 8 : 12);
	size_t header = v6 ? 40 : 20, payload = len - 14 - header;
	uint8_t protocol = v6 ? ip[6] : ip[9];
	uint32_t sum = plain_sum(addresses, v6 ? 32 : 8, (uint32_t)payload + protocol);

	return plain_sum(ip + header, payload, sum) == 0xffff;
}
