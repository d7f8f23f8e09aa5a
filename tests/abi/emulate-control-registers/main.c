/* SPDX-License-Identifier: MIT */
/* Rule: control registers read and write as a PV guest sees them; the rest is kept from it. */
/* as: dom0, domU */
#include "../kit/kit.h"

#define READ(reg)                                                  \
	({                                                         \
		ulong v_;                                          \
		__asm__ volatile("mov %%" #reg ", %0" : "=r"(v_)); \
		v_;                                                \
	})
#define WRITE(reg, v) attempt("mov %0, %%" #reg, : : "r"((ulong)(v)))

TEST
{
	ulong cr0 = READ(cr0), cr3 = READ(cr3), cr4 = READ(cr4);

	check("cr0: paging, protection, write protect", cr0 & 0x80010001, 0x80010001);
	check("cr0 written as it is", WRITE(cr0, cr0), TRAP_NONE);
	check("cr0 without write protect", WRITE(cr0, cr0 & ~0x10000UL), TRAP_gp);
	check("cr0 without paging", WRITE(cr0, cr0 & ~0x80000000UL), TRAP_gp);
	check("cr0, as it was", READ(cr0), cr0);
	check("cr3 is the L4's frame", cr3 == xen_pfn_to_cr3(mfn_of((void *)start_info->pt_base)),
	      1);
	check("cr3 written as it is", WRITE(cr3, cr3), TRAP_NONE);
	check("cr3 of a frame that is not there", WRITE(cr3, MFN_ABSENT << 12), TRAP_gp);
	check("cr3, as it was", READ(cr3) == cr3, 1);
	check("cr2 written", WRITE(cr2, 0x1234), TRAP_NONE);
	check("cr2", READ(cr2), 0x1234);
	check("cr2 in vcpu_info", vcpu->arch.cr2, 0x1234);
	check("cr4: PAE", cr4 & 0x20, 0x20);
	check("cr4 written as it is", WRITE(cr4, cr4), TRAP_NONE);
	check("cr4 with SMAP", WRITE(cr4, cr4 | 1 << 21), TRAP_NONE);
	check("is ignored", READ(cr4) & 1 << 21, 0);
	check("cr4 with TSD", WRITE(cr4, cr4 | 4), TRAP_NONE);
	check("is shown", READ(cr4) & 4, 4);
	check("rdtsc in the kernel, then", attempt("rdtsc", : : : "rax", "rdx"), TRAP_NONE);
	check("cr4 as it was", WRITE(cr4, cr4), TRAP_NONE);
	check("cr8 read", attempt("mov %%cr8, %%rax", : : : "rax"), TRAP_gp);
	check("smsw tells the lower cr0", ({
		      ulong v = 0;
		      __asm__ volatile("smsw %0" : "=r"(v));
		      v & 1;
	      }),
	      1);
	check("lmsw", attempt("lmsw %w0", : : "r"(cr0)), TRAP_gp);
}
