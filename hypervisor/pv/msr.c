/* SPDX-License-Identifier: MIT */
/*
 * Model-specific registers of a PV guest. What is not listed gives #GP, as Xen 4.17 has it for
 * domains without msr_relaxed.
 */
#include "console.h"
#include "hypervisor/pv/decode.h"
#include "x86.h"

#define MSR_TSC         0x10
#define MSR_APIC_BASE   0x1b
#define MSR_PATCH_LEVEL 0x8b
#define MSR_MISC_ENABLE 0x1a0
#define MSR_HYPER_PAGE  0x40000000
#define MSR_EFER        0xc0000080
#define MSR_GS_BASE     0xc0000101
#define MSR_GS_SHADOW   0xc0000102
#define MSR_TSC_AUX     0xc0000103

#define APIC_BASE_ADDRESS 0xfee00000UL
#define APIC_BASE_BSP     (1UL << 8)
#define APIC_BASE_ENABLE  (1UL << 11)

/* No performance counters, no MONITOR; branch trace and precise events unavailable. */
#define MISC_ENABLE_OFF (1UL << 7 | 1UL << 18)
#define MISC_ENABLE_ON  (1UL << 11 | 1UL << 12 | 1UL << 23)

/* Registers with one value. A write is refused, ignored, or taken if it changes nothing. */
enum access { REFUSED, IGNORED, SAME_ONLY, UNREADABLE /* and writes ignored */ };
static const struct fixed_msr {
	uint32_t first, last;
	uint64_t value;
	uint8_t write; /* enum access */
	bool amd; /* only there */
} fixed[] = {
	{ 0xce, 0xce, 0, REFUSED, false }, /* PLATFORM_INFO */
	{ 0xe7, 0xe8, 0, UNREADABLE, false }, /* MPERF, APERF */
	{ 0x140, 0x140, 0, SAME_ONLY, false }, /* MISC_FEATURES_ENABLES */
	{ 0x179, 0x179, 2, IGNORED, false }, /* MCG_CAP: two banks */
	{ 0x17a, 0x17b, 0, IGNORED, false }, /* MCG_STATUS, MCG_CTL */
	{ 0x277, 0x277, PAT_XEN, REFUSED, false },
	{ 0x345, 0x345, 0, REFUSED, false }, /* PERF_CAPABILITIES */
	{ 0x400, 0x400, ~0UL, IGNORED, false }, /* MC0_CTL */
	{ 0x401, 0x403, 0, SAME_ONLY, false }, /* MC0_STATUS, ADDR, MISC */
	{ 0x404, 0x404, ~0UL, IGNORED, false },
	{ 0x405, 0x407, 0, SAME_ONLY, false },
	{ 0xc0010000, 0xc0010007, 0, IGNORED, true }, /* performance counters */
	{ 0xc0010010, 0xc0010010, 0, REFUSED, true }, /* SYSCFG */
	{ 0xc0010015, 0xc0010015, 0, IGNORED, true }, /* HWCR */
	{ 0xc001001a, 0xc001001a, 0, REFUSED, true }, /* TOP_MEM */
	{ 0xc001001d, 0xc001001d, 0, REFUSED, true }, /* TOP_MEM2 */
	{ 0xc001001f, 0xc001001f, 0, IGNORED, true }, /* NB_CFG */
	{ 0xc0010061, 0xc001006b, 0, IGNORED, true }, /* P-states */
	{ 0xc0010200, 0xc001020b, 0, IGNORED, true }, /* performance counters */
	{ 0xc0011029, 0xc0011029, 2, IGNORED, true }, /* DE_CFG: LFENCE serialises */
};

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
	if (rdmsr_safe(MSR_MISC_ENABLE, val))
		return false;
	*val = (*val & ~MISC_ENABLE_OFF) | MISC_ENABLE_ON;
	return true;
}

static const struct fixed_msr *fixed_find(uint32_t msr)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(fixed); i++)
		if (msr >= fixed[i].first && msr <= fixed[i].last)
			return !fixed[i].amd || is_amd() ? &fixed[i] : NULL;
	return NULL;
}

static bool fixed_read(uint32_t msr, uint64_t *val)
{
	const struct fixed_msr *f = fixed_find(msr);

	if (!f || f->write == UNREADABLE) {
		gprintk(LOG_WARNING, "RDMSR %08x is not implemented\n", msr);
		return false;
	}
	*val = f->value;
	return true;
}

static bool fixed_write(uint32_t msr, uint64_t val)
{
	const struct fixed_msr *f = fixed_find(msr);

	if (f && (f->write == IGNORED || f->write == UNREADABLE ||
		  (f->write == SAME_ONLY && val == f->value)))
		return true;
	gprintk(LOG_WARNING, "WRMSR %08x of %016lx is not implemented\n", msr, val);
	return false;
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
	case MSR_TSC_AUX:
		*val = v->pv.tsc_aux;
		return true;
	case MSR_HYPER_PAGE:
		return true;
	default:
		return fixed_read(msr, val);
	}
}

/* A guest that found us by cpuid asks for a hypercall page of its own. */
static bool write_hypercall_page(struct vcpu *v, uint64_t val)
{
	mfn_t m = MFN(val >> PAGE_SHIFT);

	if ((val & ~PAGE_MASK) || !mfn_valid(m) ||
	    !frame_get_writable(mfn_to_frame(m), v->domain->id))
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
	case MSR_EFER:
		return val == rdmsr(MSR_EFER);
	case MSR_TSC_AUX:
		if (val >> 32)
			return false;
		v->pv.tsc_aux = (uint32_t)val;
		tsc_aux_load(v);
		return true;
	case MSR_MISC_ENABLE:
		/* Nothing can be changed, and nobody is told. */
		return misc_enable(&now);
	default:
		return fixed_write(msr, val);
	}
}
