/* SPDX-License-Identifier: MIT */
/*
 * Rule: a guest turns extended states on by XSETBV as far as CPUID offers them, in sets that make
 * sense; XSAVE and XRSTOR then hold exactly those, and each vcpu has its own XCR0.
 */
#include "../kit/kit.h"

#define CR4_OSXSAVE (1UL << 18)

static char area[4096] ALIGNED(64);

static long set_osxsave(void)
{
	ulong cr4;

	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	return attempt("mov %0, %%cr4", : : "r"(cr4 | CR4_OSXSAVE));
}

static long xsetbv(uint32_t which, uint64_t value)
{
	return attempt("xsetbv", : : "a"((uint32_t)value), "d"(value >> 32), "c"(which));
}

static uint64_t xgetbv(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (uint64_t)high << 32 | low;
}

/* As a guest of Xen asks: with the prefix, so that the hypervisor answers. */
static void cpuid(uint32_t leaf, uint32_t sub, uint32_t r[4])
{
	__asm__ volatile(XEN_CPUID
			 : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
			 : "a"(leaf), "c"(sub));
}

static void xsave(uint32_t mask)
{
	__asm__ volatile("xsave %0" : "+m"(area) : "a"(mask), "d"(0) : "memory");
}

static void xrstor(uint32_t mask)
{
	__asm__ volatile("xrstor %0" : : "m"(area), "a"(mask), "d"(0) : "memory");
}

static void set_ymm(ulong seed)
{
	ulong v[4] = { seed, seed + 1, seed + 2, seed + 3 };

	__asm__ volatile("vmovdqu %0, %%ymm3" : : "m"(v));
}

static ulong ymm(unsigned int i)
{
	ulong v[4];

	__asm__ volatile("vmovdqu %%ymm3, %0" : "=m"(v));
	return v[i];
}

static void peer_looks(void)
{
	uint32_t r[4];

	box.value[0] = attempt("xgetbv", : : "c"(0) : "eax", "edx");
	box.value[1] = set_osxsave();
	box.value[2] = (long)xgetbv();
	cpuid(0xd, 0, r);
	box.value[3] = r[1];
	box.value[4] = xsetbv(0, 3);
	hypercall(sched_op, SCHEDOP_yield);
	box.value[5] = (long)xgetbv();
}

TEST
{
	static struct peer peer;
	uint32_t r[4];
	uint64_t offered;

	cpuid(1, 0, r);
	if (!(r[2] >> 26 & 1))
		skip("the processor has no XSAVE");
	check("OSXSAVE in CPUID, always, as the hypervisor uses it", r[2] >> 27 & 1, 1);
	check("OSXSAVE in cr4", set_osxsave(), TRAP_NONE);
	cpuid(0xd, 0, r);
	offered = (uint64_t)r[3] << 32 | r[0];
	check("x87, SSE and AVX are offered", offered & 7, 7);
	check("xcr0 at first: x87 and SSE", xgetbv(), 3);
	check("xsave's size for that", r[1], 576);

	check("xsetbv of x87, SSE, AVX", xsetbv(0, 7), TRAP_NONE);
	check("xcr0", xgetbv(), 7);
	cpuid(0xd, 0, r);
	check("xsave's size for those", r[1], 832);
	check("without x87", xsetbv(0, 6), TRAP_gp);
	check("AVX without SSE", xsetbv(0, 5), TRAP_gp);
	check("what is not offered", xsetbv(0, 7 | (1UL << 62)), TRAP_gp);
	check("register 1", xsetbv(1, 7), TRAP_gp);
	check("xcr0, as it was", xgetbv(), 7);

	set_ymm(100);
	xsave(7);
	check("states in use are marked", *(ulong *)(area + 512) & 4, 4);
	set_ymm(200);
	xrstor(7);
	check("low half of a register", ymm(1), 101);
	check("high half", ymm(3), 103);
	*(ulong *)(area + 512) &= ~4UL;
	xrstor(7);
	check("high half, where the area has none", ymm(3), 0);
	check("low half", ymm(1), 101);
	*(ulong *)(area + 512) |= 1UL << 9;
	check("an area with states that are not on",
	      attempt("xrstor %0",
		      :
		      : "m"(area), "a"(-1), "d"(-1)),
	      TRAP_gp);
	*(ulong *)(area + 512) &= 7;

	set_ymm(300);
	peer_start(&peer, 1, peer_looks);
	check("a peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("its xgetbv", peer.box->value[0], TRAP_NONE);
	check("its OSXSAVE", peer.box->value[1], TRAP_NONE);
	check("its xcr0", peer.box->value[2], 3);
	check("its size", peer.box->value[3], 576);
	check("its xsetbv", peer.box->value[4], TRAP_NONE);
	check("its xcr0 after a switch", peer.box->value[5], 3);
	check("our xcr0", xgetbv(), 7);
	check("our register", ymm(3), 303);
	check("AVX off", xsetbv(0, 3), TRAP_NONE);
	check("on", xsetbv(0, 7), TRAP_NONE);
	check("low half of the register", ymm(1), 301);
}
