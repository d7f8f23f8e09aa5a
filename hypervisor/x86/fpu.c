/* SPDX-License-Identifier: MIT */
/*
 * FPU, SSE and AVX state. The registers belong to cpu.fpu_owner, whose vcpu.xsave is stale
 * meanwhile; CR0.TS is set while the running vcpu is not the owner, or while its guest wants #NM
 * itself (vcpu.ts, fpu_taskswitch).
 *
 * Lazy: the state stays in the registers until another vcpu uses them (#NM). Where a processor
 * lets a guest speculate on registers behind CR0.TS (Intel before it said RDCL_NO,
 * CVE-2018-3665), the state is exchanged at every switch instead. `fpu=lazy|eager` overrides.
 *
 * QEMU 7.2's TCG executes VEX-encoded instructions in spite of CR0.TS: there a vcpu that has AVX
 * turned on gets its state at every switch, or it would work in another's registers.
 */
#include "console.h"
#include "lib/string.h"
#include "local.h"
#include "param.h"

#define CR0_TS      (1UL << 3)
#define XSTATE_X87  1UL
#define XSTATE_SSE  2UL
#define XSTATE_AVX  4UL
/* What the hypervisor lets guests turn on, where the processor has it: x87, SSE, AVX, AVX-512. */
#define XSTATE_KNOWN 0xe7UL
#define XSTATE_AVX512 0xe0UL
#define FXSAVE_SIZE 512
#define FSW_ES      (1u << 7) /* an exception is pending */

static char *opt_fpu;
PARAM(fpu, PARAM_STRING, &opt_fpu, "lazy or eager: when a vcpu's FPU state is exchanged");

static bool eager, eager_avx;
/* AMD before Zen: a restore without a pending exception leaves FIP, FDP and FOP (CVE-2006-1056). */
static bool keeps_pointers;

static void set_xcr0(uint64_t v)
{
	__asm__ volatile("xsetbv" ::"c"(0), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)));
}

static void clts(void)
{
	__asm__ volatile("clts");
}

static void stts(void)
{
	write_cr0(read_cr0() | CR0_TS);
}

/* RDCL_NO is bit 0 of IA32_ARCH_CAPABILITIES (0x10a), which CPUID 7 edx bit 29 announces. */
static bool leaks_behind_ts(void)
{
	uint32_t r[4];
	uint64_t caps;

	cpuid(0, 0, r);
	if (r[1] != 0x756e6547 || hypervisor_is_tcg()) /* "Genu"ineIntel */
		return false;
	if (r[0] < 7)
		return true;
	cpuid(7, 0, r);
	return !(r[3] >> 29 & 1) || rdmsr_safe(0x10a, &caps) || !(caps & 1);
}

static bool is_without_error_pointers(void)
{
	uint32_t r[4];

	cpuid(0, 0, r);
	if (r[2] != 0x444d4163 && r[2] != 0x656e6975) /* Authenti"cAMD", HygonGen"uine" */
		return false;
	cpuid(0x80000000, 0, r);
	if (r[0] < 0x80000008)
		return true;
	cpuid(0x80000008, 0, r);
	return !(r[1] >> 2 & 1); /* RstrFpErrPtrs */
}

void fpu_init(void)
{
	uint32_t r[4];

	keeps_pointers = is_without_error_pointers() && !hypervisor_is_tcg();
	eager = opt_fpu ? !strcmp(opt_fpu, "eager") : leaks_behind_ts();
	eager_avx = hypervisor_is_tcg();
	cpu_features.xsave_size = FXSAVE_SIZE;
	if (!cpu_features.xsave)
		return;
	cpuid(0xd, 0, r);
	cpu_features.xcr0_max = ((uint64_t)r[3] << 32 | r[0]) & XSTATE_KNOWN;
	set_xcr0(cpu_features.xcr0_max);
	cpuid(0xd, 0, r);
	cpu_features.xsave_size = r[1];
	cpuid(0xd, 1, r);
	cpu_features.xsaveopt = r[0] & 1;
}

void fpu_init_cpu(void)
{
	if (cpu_features.xsave)
		set_xcr0(cpu_features.xcr0_max);
	stts();
}

/* As FNINIT and reset leave it; XSTATE_BV says that both parts are in the area. */
static void init_area(struct vcpu *v)
{
	uint8_t *area = v->xsave;

	memset(area, 0, cpu_features.xsave_size);
	*(uint16_t *)area = 0x37f; /* FCW */
	*(uint32_t *)(area + 24) = 0x1f80; /* MXCSR */
	if (cpu_features.xsave)
		*(uint64_t *)(area + FXSAVE_SIZE) = XSTATE_X87 | XSTATE_SSE;
}

int fpu_init_vcpu(struct vcpu *v)
{
	v->xsave = heap_alloc(ROUND_UP((size_t)cpu_features.xsave_size, 64));
	if (!v->xsave)
		return -ENOMEM;
	BUG_ON((uint64_t)v->xsave & 63);
	v->xcr0 = cpu_features.xsave ? XSTATE_X87 | XSTATE_SSE : 0;
	init_area(v);
	return 0;
}

void fpu_free_vcpu(struct vcpu *v)
{
	struct cpu *c = this_cpu();

	if (c->fpu_owner == v)
		c->fpu_owner = NULL;
	heap_free(v->xsave);
	v->xsave = NULL;
}

/*
 * XCR0 is the guest's while it runs, but the area always holds every component that any vcpu may
 * have set.
 */
static void area_save(struct vcpu *v)
{
	uint32_t mask = (uint32_t)cpu_features.xcr0_max;

	if (!cpu_features.xsave) {
		__asm__ volatile("fxsave64 (%0)" ::"r"(v->xsave) : "memory");
		return;
	}
	set_xcr0(cpu_features.xcr0_max);
	if (cpu_features.xsaveopt)
		__asm__ volatile("xsaveopt64 (%0)" ::"r"(v->xsave), "a"(mask), "d"(0) : "memory");
	else
		__asm__ volatile("xsave64 (%0)" ::"r"(v->xsave), "a"(mask), "d"(0) : "memory");
}

/* An instruction of ours leaves pointers that tell nothing of the last owner. */
static void clear_pointers(const struct vcpu *v)
{
	static const uint32_t zero;

	if (!(*((const uint16_t *)v->xsave + 1) & FSW_ES))
		__asm__ volatile("fnclex; ffree %%st(7); fildl %0" ::"m"(zero));
}

static void area_load(struct vcpu *v)
{
	uint32_t mask = (uint32_t)cpu_features.xcr0_max;

	if (unlikely(keeps_pointers))
		clear_pointers(v);
	if (!cpu_features.xsave) {
		__asm__ volatile("fxrstor64 (%0)" ::"r"(v->xsave) : "memory");
		return;
	}
	set_xcr0(cpu_features.xcr0_max);
	__asm__ volatile("xrstor64 (%0)" ::"r"(v->xsave), "a"(mask), "d"(0) : "memory");
	set_xcr0(v->xcr0);
}

void fpu_save(struct vcpu *v)
{
	struct cpu *c = this_cpu();

	if (c->fpu_owner != v)
		return;
	clts();
	area_save(v);
	c->fpu_owner = NULL;
	stts();
}

void fpu_restore(struct vcpu *v)
{
	struct cpu *c = this_cpu();

	clts();
	if (c->fpu_owner == v)
		return;
	if (c->fpu_owner)
		area_save(c->fpu_owner);
	area_load(v);
	c->fpu_owner = v;
}

void stts_if_needed(struct vcpu *v)
{
	bool want = v->ts || this_cpu()->fpu_owner != v;

	if (want != !!(read_cr0() & CR0_TS)) {
		if (want)
			stts();
		else
			clts();
	}
}

void fpu_switch(struct vcpu *prev, struct vcpu *next)
{
	bool stored = unlikely(nr_cpus > 1) && this_cpu()->fpu_owner == prev;

	/* It may go on elsewhere: its state must not stay here. */
	if (stored)
		fpu_save(prev);
	if (next->is_idle)
		return;
	if (eager || unlikely(eager_avx && next->xcr0 & XSTATE_AVX))
		fpu_restore(next);
	/* XGETBV is not held back by CR0.TS: it must show the next one's. */
	if (cpu_features.xsave && (stored || prev->xcr0 != next->xcr0))
		set_xcr0(next->xcr0);
	stts_if_needed(next);
}

void fpu_get_legacy(struct vcpu *v, void *fxsave512)
{
	if (this_cpu()->fpu_owner == v)
		fpu_save(v);
	memcpy(fxsave512, v->xsave, FXSAVE_SIZE);
}

/*
 * Reserved MXCSR bits would make the restore fault; XSAVE is told to take both legacy parts from
 * the area.
 */
void fpu_set_legacy(struct vcpu *v, const void *fxsave512)
{
	uint8_t *area = v->xsave;

	if (this_cpu()->fpu_owner == v)
		fpu_save(v);
	memcpy(area, fxsave512, FXSAVE_SIZE);
	*(uint32_t *)(area + 24) &= 0xffff;
	if (cpu_features.xsave)
		*(uint64_t *)(area + FXSAVE_SIZE) |= XSTATE_X87 | XSTATE_SSE;
}

int fpu_set_xcr0(struct vcpu *v, uint64_t xcr0)
{
	uint64_t avx512 = xcr0 & XSTATE_AVX512;

	if (!(xcr0 & XSTATE_X87) || xcr0 & ~cpu_features.xcr0_max ||
	    (xcr0 & XSTATE_AVX && !(xcr0 & XSTATE_SSE)) ||
	    (avx512 && (avx512 != XSTATE_AVX512 || !(xcr0 & XSTATE_AVX))))
		return -EINVAL;
	v->xcr0 = xcr0;
	if (v == current)
		set_xcr0(xcr0);
	return 0;
}
