/* SPDX-License-Identifier: MIT */
/*
 * Model-specific registers of a PV guest. What is not listed gives #GP, as Xen 4.17 has it for domains without
 * msr_relaxed.
 */
#include "console.h"
#include "hypervisor/pv/decode.h"
#include "x86.h"

#define MSR_TSC          0x10
#define MSR_APIC_BASE    0x1b
#define MSR_PATCH_LEVEL  0x8b
#define MSR_MCG_CAP      0x179
#define MSR_MCG_STATUS   0x17a
#define MSR_MISC_ENABLE  0x1a0
#define MSR_PERF_CAP     0x345
#define MSR_HYPER_PAGE   0x40000000
#define MSR_EFER         0xc0000080
#define MSR_FS_BASE      0xc0000100
#define MSR_GS_BASE      0xc0000101
#define MSR_GS_SHADOW    0xc0000102
#define MSR_TSC_AUX      0xc0000103
#define MSR_HWCR         0xc0010015
#define MSR_PSTATE_LIMIT 0xc0010061
#define MSR_PSTATE_LAST  0xc001006b
#define MSR_DE_CFG       0xc0011029

#define APIC_BASE_ADDRESS 0xfee00000UL
#define APIC_BASE_BSP     (1UL << 8)
#define APIC_BASE_ENABLE  (1UL << 11)
#define HWCR_TSC_FREQ_SEL (1UL << 24)
#define DE_CFG_LFENCE     (1UL << 1)

/* No performance counters, no MONITOR; branch trace and precise events unavailable. */
#define MISC_ENABLE_OFF (1UL << 7 | 1UL << 18)
#define MISC_ENABLE_ON  (1UL << 11 | 1UL << 12 | 1UL << 23)

static bool canonical(uint64_t a)
{
	return (uint64_t)((int64_t)(a << 16) >> 16) == a;
}

static bool is_amd(void)
{
	uint32_t r[4];

	cpuid(0, 0, r);
	return r[2] == 0x444d4163; /* "cAMD" */
}

static bool misc_enable(uint64_t *val)
{
	if (is_amd() || rdmsr_safe(MSR_MISC_ENABLE, val))
		return false;
	*val = (*val & ~MISC_ENABLE_OFF) | MISC_ENABLE_ON;
	return true;
}

bool msr_read(struct vcpu *v, uint32_t msr, uint64_t *val)
{
	*val = 0;
	switch (msr) {
	case MSR_FS_BASE:
		*val = read_fs_base();
		return true;
	case MSR_GS_BASE:
		*val = read_gs_base();
		return true;
	case MSR_GS_SHADOW:
		*val = read_gs_shadow();
		return true;
	case MSR_TSC:
		*val = rdtsc();
		return true;
	case MSR_EFER:
		*val = rdmsr(MSR_EFER);
		return true;
	case MSR_APIC_BASE:
		*val = APIC_BASE_ADDRESS | APIC_BASE_ENABLE | (v->id ? 0 : APIC_BASE_BSP);
		return true;
	case MSR_PATCH_LEVEL:
		return rdmsr_safe(msr, val) == 0;
	case MSR_MISC_ENABLE:
		return misc_enable(val);
	case MSR_HWCR:
		*val = HWCR_TSC_FREQ_SEL;
		return is_amd();
	case MSR_DE_CFG:
		*val = DE_CFG_LFENCE;
		return is_amd();
	case MSR_PSTATE_LIMIT ... MSR_PSTATE_LAST:
		return is_amd();
	case MSR_TSC_AUX:
	case MSR_PERF_CAP:
	case MSR_MCG_CAP:
	case MSR_MCG_STATUS:
	case MSR_HYPER_PAGE:
		return true;
	default:
		gprintk(LOG_WARNING, "RDMSR %08x is not implemented\n", msr);
		return false;
	}
}

/* A guest that found us by cpuid asks for a hypercall page of its own. */
static bool write_hypercall_page(struct vcpu *v, uint64_t val)
{
	mfn_t m = MFN(val >> PAGE_SHIFT);

	if ((val & ~PAGE_MASK) || !mfn_valid(m) || !frame_get_writable(mfn_to_frame(m), v->domain->id))
		return false;
	hypercall_page_fill(mfn_to_virt(m));
	(void)frame_put_typed(mfn_to_frame(m));
	return true;
}

bool msr_write(struct vcpu *v, uint32_t msr, uint64_t val)
{
	uint64_t now;

	switch (msr) {
	case MSR_FS_BASE:
		if (!canonical(val))
			return false;
		write_fs_base(val);
		return true;
	case MSR_GS_BASE:
		if (!canonical(val))
			return false;
		write_gs_base(val);
		return true;
	case MSR_GS_SHADOW:
		if (!canonical(val))
			return false;
		write_gs_shadow(val);
		return true;
	case MSR_HYPER_PAGE:
		return write_hypercall_page(v, val);
	case MSR_PATCH_LEVEL:
		return true;
	case MSR_MISC_ENABLE:
		return misc_enable(&now) && now == val;
	case MSR_HWCR:
	case MSR_PSTATE_LIMIT ... MSR_PSTATE_LAST:
		return is_amd();
	default:
		gprintk(LOG_WARNING, "WRMSR %08x of %016lx is not implemented\n", msr, val);
		return false;
	}
}
