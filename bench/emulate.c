/* SPDX-License-Identifier: MIT */
/* Rows of instructions that the hypervisor executes in the guest's place. */
#include "bench.h"

#include <xen/arch-x86/cpuid.h>

#define MSR_FS_BASE 0xc0000100
#define CR0_PE	    1UL
#define CR0_PG	    (1UL << 31)

static uint32_t leaf[4];
static ulong base, value;

static void cpuid_op(void)
{
	__asm__ volatile(XEN_EMULATE_PREFIX "cpuid"
			 : "=a"(leaf[0]), "=b"(leaf[1]), "=c"(leaf[2]), "=d"(leaf[3])
			 : "a"(XEN_CPUID_FIRST_LEAF), "c"(0));
}

static void cpuid_before(void)
{
	memset(leaf, 0, sizeof(leaf));
}

static bool cpuid_done(void)
{
	return leaf[1] == XEN_CPUID_SIGNATURE_EBX && leaf[2] == XEN_CPUID_SIGNATURE_ECX &&
	       leaf[3] == XEN_CPUID_SIGNATURE_EDX;
}

static void rdmsr_op(void)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(MSR_FS_BASE));
	value = (ulong)high << 32 | low;
}

static void rdmsr_before(void)
{
	base += PAGE_SIZE;
	value = 0;
	hypercall(set_segment_base, SEGBASE_FS, base);
}

static void wrmsr_before(void)
{
	base += PAGE_SIZE;
}

static void wrmsr_op(void)
{
	__asm__ volatile("wrmsr" : : "a"((uint32_t)base), "d"(base >> 32), "c"(MSR_FS_BASE));
}

static bool value_is_base(void)
{
	return value == base;
}

static bool wrmsr_done(void)
{
	rdmsr_op();
	return value_is_base();
}

static void cr0_op(void)
{
	__asm__ volatile("mov %%cr0, %0" : "=r"(value));
}

static bool cr0_done(void)
{
	return (value & (CR0_PE | CR0_PG)) == (CR0_PE | CR0_PG);
}

static void cr0_before(void)
{
	value = 0;
}

static void clts_before(void)
{
	hypercall(fpu_taskswitch, 1);
}

static void clts_op(void)
{
	__asm__ volatile("clts");
}

static bool clts_done(void)
{
	return attempt("fnop") == TRAP_NONE;
}

GROUP(emulate, {
	{ "cpuid, Xen prefix", .op = cpuid_op, .done = cpuid_done, .before = cpuid_before,
	  .target = 180 },
	{ "rdmsr, emulated", .op = rdmsr_op, .done = value_is_base, .before = rdmsr_before,
	  .target = 300 },
	{ "wrmsr, emulated", .op = wrmsr_op, .done = wrmsr_done, .before = wrmsr_before },
	{ "read CR0, emulated", .op = cr0_op, .done = cr0_done, .before = cr0_before,
	  .target = 300 },
	{ "clts, emulated", .op = clts_op, .done = clts_done, .before = clts_before },
});
