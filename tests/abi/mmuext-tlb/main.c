/* SPDX-License-Identifier: MIT */
/* Rule: every flush does what its name says, for a mask of vcpus that can be read. */
#include "../kit/kit.h"

static volatile char *a, *b;

static long ext_mask(unsigned int cmd, ulong address, void *mask)
{
	return mmuext(cmd, address, (ulong)mask);
}

/* Points a at the other of two frames, then flushes by cmd: is the change seen? */
static void seen(const char *what, unsigned int cmd, void *mask)
{
	static bool turned;

	(void)a[0];
	turned = !turned;
	mmu_update(pte_address((void *)a, 1),
		   mfn_of((void *)(turned ? b : a)) * PAGE_SIZE | PTE_KERN);
	check(what, ext_mask(cmd, (ulong)a, mask), 0);
	check("what a shows", a[0], turned ? 'b' : 'a');
}

TEST
{
	ulong mask = 1, none = 0, absent = 1UL << 40;

	a = page_alloc();
	b = page_alloc();
	a[0] = 'a';
	b[0] = 'b';
	seen("tlb_flush_local", MMUEXT_TLB_FLUSH_LOCAL, NULL);
	seen("invlpg_local", MMUEXT_INVLPG_LOCAL, NULL);
	seen("tlb_flush_multi", MMUEXT_TLB_FLUSH_MULTI, &mask);
	seen("invlpg_multi", MMUEXT_INVLPG_MULTI, &mask);
	seen("tlb_flush_all", MMUEXT_TLB_FLUSH_ALL, NULL);
	seen("invlpg_all", MMUEXT_INVLPG_ALL, NULL);
	check("tlb_flush_multi of no vcpu", ext_mask(MMUEXT_TLB_FLUSH_MULTI, 0, &none), 0);
	check("of one that is not there", ext_mask(MMUEXT_TLB_FLUSH_MULTI, 0, &absent), 0);
	check("with a mask that is not mapped",
	      ext_mask(MMUEXT_TLB_FLUSH_MULTI, 0, (void *)VA_UNMAPPED), -XEN_EINVAL);
	check("invlpg_multi with the hypervisor's",
	      ext_mask(MMUEXT_INVLPG_MULTI, (ulong)a, (void *)VA_HYPERVISOR), -XEN_EINVAL);
	check("invlpg_local of a non-canonical address",
	      mmuext(MMUEXT_INVLPG_LOCAL, VA_NONCANONICAL, 0), 0);
	check("invlpg_local of the hypervisor's", mmuext(MMUEXT_INVLPG_LOCAL, VA_HYPERVISOR, 0), 0);
	check("flush_cache, with a device's right", mmuext(MMUEXT_FLUSH_CACHE, 0, 0), 0);
	check("flush_cache_global", mmuext(MMUEXT_FLUSH_CACHE_GLOBAL, 0, 0), 0);
}
