/* SPDX-License-Identifier: MIT */
/* Rule: cpuid with the Xen prefix is the hypervisor's: its leaves, and features for a PV guest. */
/* as: dom0, domU */
#include "../kit/kit.h"
#include <xen/arch-x86/cpuid.h>

struct leaf {
	uint32_t a, b, c, d;
};

static struct leaf cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct leaf r;

	__asm__ volatile(XEN_EMULATE_PREFIX "cpuid"
			 : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
			 : "a"(leaf), "c"(subleaf));
	return r;
}

TEST
{
	struct leaf r = cpuid(XEN_CPUID_FIRST_LEAF, 0);

	check_that("the highest leaf is 0x40000002 or more", r.a >= 0x40000002 && r.a < 0x40000100);
	check("signature, ebx", r.b, XEN_CPUID_SIGNATURE_EBX);
	check("signature, ecx", r.c, XEN_CPUID_SIGNATURE_ECX);
	check("signature, edx", r.d, XEN_CPUID_SIGNATURE_EDX);
	check("version", cpuid(XEN_CPUID_FIRST_LEAF + 1, 0).a, 4 << 16 | 17);
	r = cpuid(XEN_CPUID_FIRST_LEAF + 2, 0);
	check("features: mmu_pt_update_preserve_ad", r.c,
	      XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD);
	r = cpuid(0, 0);
	check_that("the highest basic leaf", r.a >= 1 && r.a < 0x100);
	r = cpuid(1, 0);
	check("FPU", r.d & 1, 1);
	check("PAE, MSR, CX8", r.d & 0x160, 0x160);
	check("PSE, which PV has not", r.d >> 3 & 1, 0);
	check("PGE, which PV has not", r.d >> 13 & 1, 0);
	check("SSE, SSE2", r.d >> 25 & 3, 3);
	check("hypervisor bit", r.c >> 31, 1);
	check("VMX", r.c >> 5 & 1, 0);
	check("PCID", r.c >> 17 & 1, 0);
	r = cpuid(7, 0);
	check("SMEP", r.b >> 7 & 1, 0);
	check("SMAP", r.b >> 20 & 1, 0);
	r = cpuid(0x80000001, 0);
	check("syscall, NX, long mode", r.d & (1 << 11 | 1 << 20 | 1 << 29),
	      1 << 11 | 1 << 20 | 1 << 29);
	check("SVM", r.c >> 2 & 1, 0);
	check("1 GiB pages", r.d >> 26 & 1, 0);
}
