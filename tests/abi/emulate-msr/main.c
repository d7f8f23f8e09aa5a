/* SPDX-License-Identifier: MIT */
/* Rule: rdmsr and wrmsr of the usual registers are emulated; of unknown ones they are a #GP. */
/* as: dom0, domU */
#include "../kit/kit.h"

static ulong value;

static long rdmsr(uint32_t msr)
{
	uint32_t low = 0, high = 0;
	long vector = attempt("rdmsr", : "+a"(low), "+d"(high) : "c"(msr));

	value = (ulong)high << 32 | low;
	return vector;
}

static long wrmsr(uint32_t msr, ulong v)
{
	return attempt("wrmsr", : : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)));
}

TEST
{
	static ulong target[1] = { 0x5e9 };
	ulong seen;

	check("EFER", rdmsr(0xc0000080), TRAP_NONE);
	check("EFER: syscall, long mode and NX", value, 0xd01);
	check("EFER, the same written", wrmsr(0xc0000080, value), TRAP_NONE);
	check("FS base written", wrmsr(0xc0000100, (ulong)target), TRAP_NONE);
	__asm__ volatile("mov %%fs:0, %0" : "=r"(seen));
	check("what fs shows", seen, 0x5e9);
	check("FS base read", rdmsr(0xc0000100), TRAP_NONE);
	check("its value", value == (ulong)target, 1);
	check("FS base, not canonical", wrmsr(0xc0000100, VA_NONCANONICAL), TRAP_gp);
	check("GS base", wrmsr(0xc0000101, (ulong)target), TRAP_NONE);
	check("GS base read", rdmsr(0xc0000101), TRAP_NONE);
	check("its value", value == (ulong)target, 1);
	check("kernel GS base, the user's", wrmsr(0xc0000102, 0x5000), TRAP_NONE);
	check("kernel GS base read", rdmsr(0xc0000102), TRAP_NONE);
	check("its value", value, 0x5000);
	check("APIC base", rdmsr(0x1b), TRAP_NONE);
	check("PAT", rdmsr(0x277), TRAP_NONE);
	check("its value", value, 0x050100070406UL);
	check("LSTAR, the hypervisor's own", rdmsr(0xc0000082), TRAP_gp);
	check("LSTAR written", wrmsr(0xc0000082, 0), TRAP_gp);
	check("STAR", rdmsr(0xc0000081), TRAP_gp);
	check("SYSENTER_EIP", rdmsr(0x176), TRAP_gp);
	check("unknown 0x12345678", rdmsr(0x12345678), TRAP_gp);
	check("unknown written", wrmsr(0x12345678, 0), TRAP_gp);
	check("its error code", trap.error, 0);
}
