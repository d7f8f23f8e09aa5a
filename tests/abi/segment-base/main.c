/* SPDX-License-Identifier: MIT */
/* Rule: set_segment_base sets fs and both gs bases, to canonical addresses only. */
/* as: dom0, domU */
#include "../kit/segment.h"

static ulong a[1] = { 0xa }, b[1] = { 0xb };

TEST
{
	ulong selector;

	check("fs", hypercall(set_segment_base, SEGBASE_FS, a), 0);
	check("what fs shows", read_fs(), 0xa);
	check("gs of the kernel", hypercall(set_segment_base, SEGBASE_GS_KERNEL, a), 0);
	check("gs of the user", hypercall(set_segment_base, SEGBASE_GS_USER, b), 0);
	check("what gs shows in the kernel", read_gs(), 0xa);
	check("what gs shows in user mode", user_run(user_reads_gs, 0, 0), 0xb);
	check("and in the kernel again", read_gs(), 0xa);
	check("a base in the upper half",
	      hypercall(set_segment_base, SEGBASE_FS, MACH2PHYS_VIRT_START), 0);
	check("what fs shows", read_fs() == *machine_to_phys_mapping, 1);
	check("fs, not canonical", hypercall(set_segment_base, SEGBASE_FS, VA_NONCANONICAL),
	      -XEN_EINVAL);
	check("gs user, not canonical", hypercall(set_segment_base, SEGBASE_GS_USER, 1UL << 47),
	      -XEN_EINVAL);
	check("gs kernel, not canonical", hypercall(set_segment_base, SEGBASE_GS_KERNEL, 1UL << 63),
	      -XEN_EINVAL);
	check("fs is as before", read_fs() == *machine_to_phys_mapping, 1);
	check("user selector, null", hypercall(set_segment_base, SEGBASE_GS_USER_SEL, 0), 0);
	check("user selector, flat",
	      hypercall(set_segment_base, SEGBASE_GS_USER_SEL, FLAT_RING3_DS32), 0);
	__asm__ volatile("mov %%gs, %0" : "=r"(selector));
	check("the gs selector", selector & 0xffff, FLAT_RING3_DS32);
	check("user selector, bad: null instead",
	      hypercall(set_segment_base, SEGBASE_GS_USER_SEL, 0x8888), 0);
	__asm__ volatile("mov %%gs, %0" : "=r"(selector));
	check("the gs selector", selector & 0xffff, 0);
	check("what gs shows in the kernel", read_gs(), 0xa);
	check("which 4", hypercall(set_segment_base, 4, 0), -XEN_EINVAL);
	check("which -1", hypercall(set_segment_base, -1, 0), -XEN_EINVAL);
}
