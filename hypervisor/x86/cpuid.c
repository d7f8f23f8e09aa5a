/* SPDX-License-Identifier: MIT */
/*
 * What a PV guest sees of CPUID. Features are shown if the processor has them, a PV guest can use
 * them in ring 3 or by the ABI, and the hypervisor keeps their state apart: a list of what is
 * allowed, so that a new feature stays hidden until somebody has thought about it.
 */
#include "local.h"
#include "pv.h"
#include <xen/arch-x86/cpuid.h>
#include <xen/version.h>
#include "lib/string.h"

#define VERSION_WORD (4u << 16 | 17) /* the ABI that xen_version reports */

/* Leaf 1: ecx and edx. */
#define L1_ECX                                                                                  \
	(1u << 0 /* SSE3 */ | 1u << 1 /* PCLMUL */ | 1u << 9 /* SSSE3 */ | 1u << 12 /* FMA */ | \
	 1u << 13 /* CX16 */ | 1u << 19 /* SSE4.1 */ | 1u << 20 /* SSE4.2 */ |                  \
	 1u << 22 /* MOVBE */ | 1u << 23 /* POPCNT */ | 1u << 25 /* AES */ |                    \
	 1u << 26 /* XSAVE */ | 1u << 28 /* AVX */ | 1u << 29 /* F16C */ | 1u << 30 /* RDRAND */)
#define L1_OSXSAVE    (1u << 27)
#define L1_XSAVE      (1u << 26)
#define L1_HYPERVISOR (1u << 31)
#define L1_MTRR       (1u << 12) /* dom0 looks at them, and sets them by platform_op */
#define L1_HTT        (1u << 28)
#define L1_AVX_USERS  (1u << 12 | 1u << 28 | 1u << 29)
#define L1_EDX                                                                                    \
	(1u << 0 /* FPU */ | 1u << 2 /* DE */ | 1u << 4 /* TSC */ | 1u << 5 /* MSR */ |           \
	 1u << 6 /* PAE */ | 1u << 7 /* MCE */ | 1u << 8 /* CX8 */ | 1u << 9 /* APIC */ |         \
	 1u << 14 /* MCA */ | 1u << 15 /* CMOV */ | 1u << 16 /* PAT */ | 1u << 19 /* CLFLUSH */ | \
	 1u << 22 /* ACPI */ | 1u << 23 /* MMX */ | 1u << 24 /* FXSR */ | 1u << 25 /* SSE */ |    \
	 1u << 26 /* SSE2 */ | 1u << 28 /* HTT */)
/* Leaf 7: FSGSBASE, BMI1, AVX2, BMI2, ERMS, AVX-512, ADX, SHA, RDSEED, CLFLUSHOPT. */
#define L7_EBX     0xf1bf0329u
#define L7_AVX     (1u << 5)
#define L7_AVX512  0xdc230000u
#define L7_EBX_HIDDEN (1u << 20 /* SMAP */ | 1u << 22 /* PCOMMIT */ | 1u << 25 /* PT */)
#define L7_ECX     0x00401f42u /* AVX512VBMI and kin, VAES, VPCLMUL, GFNI, RDPID */
/* Leaf 0x80000001. */
#define X1_ECX \
	(1u << 0 /* LAHF */ | 1u << 5 /* ABM */ | 1u << 6 /* SSE4A */ | 1u << 8 /* PREFETCHW */)
#define X1_EDX                                                                \
	(1u << 11 /* SYSCALL */ | 1u << 20 /* NX */ | 1u << 22 /* MMXEXT */ | \
	 1u << 25 /* FFXSR */ | 1u << 27 /* RDTSCP */ | 1u << 29 /* LM */)
#define AMD_SHARED_EDX 0x0183f3ffu /* copies of leaf 1's on AMD */

#define XSTATE_AVX 4u

bool hypervisor_is_there(void)
{
	uint32_t r[4];

	cpuid(1, 0, r);
	return r[2] & L1_HYPERVISOR;
}

bool hypervisor_is_tcg(void)
{
	uint32_t r[4];

	if (!hypervisor_is_there())
		return false;
	cpuid(0x40000000, 0, r);
	return r[1] == 0x54474354 && r[2] == 0x43544743; /* "TCGTCGTCGTCG" */
}

uint32_t cpuid_apic_id(void)
{
	uint32_t r[4];

	cpuid(1, 0, r);
	return r[1] >> 24;
}

/*
 * OSXSAVE says what the guest has put into its CR4. But its kernel, asking with Xen's prefix
 * (#UD), sees ours: Linux takes that as the permission to set CR4.OSXSAVE, and stock Xen has
 * shown it so for long.
 */
static bool osxsave_shown(const struct vcpu *v)
{
	return (v->pv.ctrlreg[4] >> 18 & 1) || (v->regs.entry == 6 && !v->pv.user_mode);
}

static void leaf_1(const struct vcpu *v, uint32_t out[4])
{
	out[1] = (out[1] & 0x0000ffff) | v->id * 2 << 24 | 1u << 16;
	out[2] &= L1_ECX;
	if (!cpu_features.xsave)
		out[2] &= ~(L1_XSAVE | L1_AVX_USERS);
	else if (osxsave_shown(v))
		out[2] |= L1_OSXSAVE;
	if (!(cpu_features.xcr0_max & XSTATE_AVX))
		out[2] &= ~L1_AVX_USERS;
	out[2] |= L1_HYPERVISOR;
	out[3] &= L1_EDX | (v->domain == dom0 ? L1_MTRR : 0);
	if (v->domain->max_vcpus < 2)
		out[3] &= ~L1_HTT;
}

static void leaf_7(uint32_t sub, uint32_t out[4])
{
	uint32_t ebx = L7_EBX & ~L7_EBX_HIDDEN, ecx = L7_ECX;

	if (sub) {
		memset(out, 0, 16);
		return;
	}
	if (!(cpu_features.xcr0_max & XSTATE_AVX))
		ebx &= ~(L7_AVX | L7_AVX512);
	if (!(cpu_features.xcr0_max & 0xe0))
		ebx &= ~L7_AVX512;
	out[0] = 0;
	out[1] &= ebx;
	out[2] &= ecx;
	out[3] = 0;
}

static void leaf_xsave(uint32_t sub, uint32_t out[4])
{
	if (!cpu_features.xsave || sub > 63) {
		memset(out, 0, 16);
		return;
	}
	if (sub == 0) {
		/* ebx as the processor computes it for the XCR0 that is loaded: the guest's. */
		out[0] = (uint32_t)cpu_features.xcr0_max;
		out[2] = cpu_features.xsave_size;
		out[3] = 0;
	} else if (sub == 1) {
		out[0] &= 1; /* XSAVEOPT; compaction and supervisor states are not for guests */
		out[1] = out[2] = out[3] = 0;
	} else if (!(cpu_features.xcr0_max >> sub & 1)) {
		memset(out, 0, 16);
	} else {
		out[2] = out[3] = 0;
	}
}

static void leaf_xen(const struct vcpu *v, uint32_t leaf, uint32_t sub, uint32_t out[4])
{
	out[0] = out[1] = out[2] = out[3] = 0;
	switch (leaf - XEN_CPUID_FIRST_LEAF) {
	case 0:
		out[0] = XEN_CPUID_FIRST_LEAF + 5;
		out[1] = XEN_CPUID_SIGNATURE_EBX;
		out[2] = XEN_CPUID_SIGNATURE_ECX;
		out[3] = XEN_CPUID_SIGNATURE_EDX;
		break;
	case 1:
		out[0] = VERSION_WORD;
		break;
	case 2:
		out[0] = 1; /* hypercall pages */
		out[1] = 0x40000000; /* the MSR that writes one */
		out[2] = XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD;
		break;
	case 3:
		if (sub == 0) {
			out[0] = (uint32_t)cpu_features.invariant_tsc << 1; /* reliable */
			out[2] = time_tsc_khz();
		} else if (sub == 1) {
			out[2] = v->cpu->tsc_mul;
			out[3] = (uint32_t)v->cpu->tsc_shift;
		} else if (sub == 2) {
			out[0] = time_tsc_khz();
		}
		break;
	case 5:
		if (sub == 0)
			out[1] = (uint32_t)bits_highest(max_mfn | 1) + 1 + PAGE_SHIFT;
		break;
	}
}

static void leaf_extended(uint32_t leaf, uint32_t out[4])
{
	uint32_t r[4];

	switch (leaf) {
	case 0x80000000:
		out[0] = MIN(out[0], 0x80000008u);
		break;
	case 0x80000001:
		cpuid(0, 0, r);
		out[2] &= X1_ECX;
		out[3] &= X1_EDX | (r[1] == 0x68747541 ? AMD_SHARED_EDX & L1_EDX : 0);
		break;
	case 0x80000002 ... 0x80000006:
		break;
	case 0x80000007:
		out[0] = out[1] = out[2] = 0;
		out[3] = cpu_features.invariant_tsc ? 1u << 8 : 0;
		break;
	case 0x80000008:
		out[1] = out[2] = out[3] = 0;
		break;
	default:
		memset(out, 0, 16);
	}
}

void cpuid_guest(const struct vcpu *v, uint32_t leaf, uint32_t sub, uint32_t out[4])
{
	uint32_t max[4];

	if (leaf >= XEN_CPUID_FIRST_LEAF && leaf < XEN_CPUID_FIRST_LEAF + 0x100) {
		leaf_xen(v, leaf, sub, out);
		return;
	}
	cpuid(leaf, sub, out);
	if (leaf >= 0x80000000) {
		leaf_extended(leaf, out);
		return;
	}
	cpuid(0, 0, max);
	if (leaf > MIN(max[0], 0xdu)) {
		memset(out, 0, 16);
		return;
	}
	switch (leaf) {
	case 0:
		out[0] = MIN(out[0], 0xdu);
		break;
	case 1:
		leaf_1(v, out);
		break;
	case 2:
	case 4:
		break; /* caches */
	case 7:
		leaf_7(sub, out);
		break;
	case 0xd:
		leaf_xsave(sub, out);
		break;
	default:
		/* MONITOR, thermal, performance counters, topology: none of a PV guest's. */
		memset(out, 0, 16);
	}
}
