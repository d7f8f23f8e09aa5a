/* SPDX-License-Identifier: MIT */
/* Rule: x87, SSE and AVX registers are a vcpu's own, whoever else runs and however often. */
#include "../kit/kit.h"

/* Lets this vcpu use AVX: OSXSAVE in cr4, then all three states in XCR0. */
static bool avx_enable(void)
{
	ulong cr4;

	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	return attempt("mov %0, %%cr4",
		       :
		       : "r"(cr4 | 1 << 18)) == TRAP_NONE &&
	       attempt("xsetbv",
		       :
		       : "a"(7), "d"(0), "c"(0)) == TRAP_NONE;
}

static void load(ulong seed, bool avx)
{
	ulong image[4] = { seed, seed + 1, seed + 2, seed + 3 };

	__asm__ volatile("fninit\n\tfildq %0" : : "m"(image[0]));
	__asm__ volatile("movdqu %0, %%xmm0\n\tmovdqu %0, %%xmm15" : : "m"(image) : "memory");
	if (avx)
		__asm__ volatile("vmovdqu %0, %%ymm7" : : "m"(image) : "memory");
}

/* How many of the registers are what load(seed) made them. */
static unsigned int kept(ulong seed, bool avx)
{
	ulong x87, xmm0[2], xmm15[2], ymm7[4] = { seed, seed + 1, seed + 2, seed + 3 };

	__asm__ volatile("fld %%st(0)\n\tfistpq %0" : "=m"(x87));
	__asm__ volatile("movdqu %%xmm0, %0\n\tmovdqu %%xmm15, %1" : "=m"(xmm0), "=m"(xmm15));
	if (avx)
		__asm__ volatile("vmovdqu %%ymm7, %0" : "=m"(ymm7));
	return (x87 == seed) + (xmm0[0] == seed && xmm0[1] == seed + 1) + (xmm15[1] == seed + 1) +
	       (ymm7[0] == seed && ymm7[3] == seed + 3);
}

static void compute(void)
{
	bool avx = avx_enable();
	ulong mxcsr_default = 0;

	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr_default));
	box.value[3] = mxcsr_default & 0xffffffff;
	load(1000 + box.value[9], avx);
	for (unsigned int i = 0; i < 50; i++) {
		box.value[0] += kept(1000 + box.value[9], avx);
		box.value[1]++;
		hypercall(sched_op, SCHEDOP_yield);
	}
}

TEST
{
	static struct peer peer[2];
	bool avx = avx_enable();
	unsigned int right = 0, rounds = 0;

	check("AVX can be enabled", avx, 1);
	for (unsigned int i = 0; i < 2; i++) {
		peer_create(&peer[i], 1);
		peer_build(&peer[i], compute);
		peer[i].box->value[9] = i * 100;
	}
	load(7, avx);
	for (unsigned int i = 0; i < 2; i++)
		peer_unpause(&peer[i]);
	for (; rounds < 50; rounds++) {
		right += kept(7, avx);
		hypercall(sched_op, SCHEDOP_yield);
	}
	check("registers of dom0 kept in 50 rounds", right, 200);
	check("the first peer ends", peer_wait(&peer[0], 5000), SHUTDOWN_poweroff);
	check("the second ends", peer_wait(&peer[1], 5000), SHUTDOWN_poweroff);
	for (unsigned int i = 0; i < 2; i++) {
		check("a peer's rounds", peer[i].box->value[1], 50);
		check("its registers kept", peer[i].box->value[0], 200);
		check("its first mxcsr", peer[i].box->value[3], 0x1f80);
	}
	check("dom0's once more", kept(7, avx), 4);
}
