/* SPDX-License-Identifier: MIT */
/* Rule: set_debugreg takes breakpoints on the guest's own addresses; get_debugreg returns them. */
/* as: dom0, domU */
#include "../kit/kit.h"

static ulong target[2];

TEST
{
	check("dr0", hypercall(set_debugreg, 0, target), 0);
	check("dr0 read", hypercall(get_debugreg, 0) == (long)target, 1);
	check("dr3", hypercall(set_debugreg, 3, 0x1234), 0);
	check("dr3 read", hypercall(get_debugreg, 3), 0x1234);
	check("dr3 by mov", ({
		      ulong v;
		      __asm__ volatile("mov %%db3, %0" : "=r"(v));
		      v;
	      }),
	      0x1234);
	check("dr0 in the hypervisor", hypercall(set_debugreg, 0, VA_HYPERVISOR), -XEN_EPERM);
	check("dr1 not canonical", hypercall(set_debugreg, 1, VA_NONCANONICAL), -XEN_EPERM);
	check("dr0, as it was", hypercall(get_debugreg, 0) == (long)target, 1);
	check("dr6", hypercall(set_debugreg, 6, 0), 0);
	check("dr6 read: the bits that are always set", hypercall(get_debugreg, 6), 0xffff0ff0);
	check("dr7: write breakpoint of 8 bytes at dr0", hypercall(set_debugreg, 7, 0x90003), 0);
	check("dr7 read", hypercall(get_debugreg, 7) & 0xffff00ff, 0x90003);
	check("a write to it", attempt("movq $1, %0", : "=m"(target[0])), TRAP_db);
	check("dr6", hypercall(get_debugreg, 6) & 0xf, 1);
	check("a read", attempt("mov %0, %%rax", : : "m"(target[0]) : "rax"), TRAP_NONE);
	check("dr7 off", hypercall(set_debugreg, 7, 0), 0);
	check("a write now", attempt("movq $2, %0", : "=m"(target[0])), TRAP_NONE);
	check("dr7 with general detect", hypercall(set_debugreg, 7, 1UL << 13), -XEN_EPERM);
	check("dr7 with an upper half", hypercall(set_debugreg, 7, 1UL << 32), -XEN_EINVAL);
	check("dr7 with an I/O breakpoint, CR4.DE clear", hypercall(set_debugreg, 7, 2UL << 16 | 3),
	      -XEN_EPERM);
	check("dr4, as dr6", hypercall(get_debugreg, 4) & 0xffff0ff0, 0xffff0ff0);
	check("dr8", hypercall(set_debugreg, 8, 0), -XEN_ENODEV);
	check("dr8 read", hypercall(get_debugreg, 8), -XEN_ENODEV);
}
