/* SPDX-License-Identifier: MIT */
/* Rule: update_va_mapping changes one entry and flushes as it is told to; bad ones are refused. */
/* as: dom0, domU */
#include "../kit/kit.h"

static long update(const volatile void *va, uint64_t pte, ulong flags)
{
	return hypercall(update_va_mapping, va, pte, flags);
}

TEST
{
	volatile char *a = page_alloc(), *b = page_alloc();
	uint64_t to_a = mfn_of((void *)a) * PAGE_SIZE | PTE_KERN;
	uint64_t to_b = mfn_of((void *)b) * PAGE_SIZE | PTE_KERN;
	ulong mask = 1;

	a[0] = 'a';
	b[0] = 'b';
	check("invlpg local", update(a, to_b, UVMF_INVLPG | UVMF_LOCAL), 0);
	check("what a shows", a[0], 'b');
	check("tlb flush local", update(a, to_a, UVMF_TLB_FLUSH | UVMF_LOCAL), 0);
	check("what a shows", a[0], 'a');
	check("invlpg all", update(a, to_b, UVMF_INVLPG | UVMF_ALL), 0);
	check("what a shows", a[0], 'b');
	check("tlb flush all", update(a, to_a, UVMF_TLB_FLUSH | UVMF_ALL), 0);
	check("what a shows", a[0], 'a');
	check("invlpg of a mask", update(a, to_b, UVMF_INVLPG | (ulong)&mask), 0);
	check("what a shows", a[0], 'b');
	check("no flush", update(a, to_a, UVMF_NONE), 0);
	check("the entry's frame and access", (*pte_of((void *)a, 1) ^ to_a) & ~0xf00UL, 0);
	check("flush by a mask that is not mapped", update(a, to_a, UVMF_TLB_FLUSH | VA_UNMAPPED),
	      -XEN_EFAULT);
	check("an address in the middle of the page", update(a + 100, to_a, UVMF_INVLPG), 0);

	check("an address without tables", update((void *)VA_UNMAPPED, to_a, 0), -XEN_EINVAL);
	check("a non-canonical one", update((void *)VA_NONCANONICAL, to_a, 0), -XEN_EINVAL);
	check("the hypervisor's", update((void *)VA_HYPERVISOR, to_a, 0), -XEN_EINVAL);
	check("a frame that is not there", update(a, MFN_ABSENT * PAGE_SIZE | PTE_KERN, 0),
	      -XEN_EPERM);
	check("frame 2^38", update(a, to_a | 1UL << 50, 0), -XEN_EPERM);
	check("nothing", update(a, 0, UVMF_INVLPG), 0);
	check("a read", attempt("movb (%0), %%al", : : "r"(a) : "rax"), TRAP_pf);
	check_same("cr2", trap.cr2, a);
	check("no execute", update(a, to_a | PTE_NX, UVMF_INVLPG), 0);
	check("a jump there", attempt("jmp *%0", : : "r"(a)), TRAP_pf);
	check("its error code", trap.error, 0x11);
}
