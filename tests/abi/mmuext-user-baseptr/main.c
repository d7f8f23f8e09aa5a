/* SPDX-License-Identifier: MIT */
/* Rule: user mode sees the tables of new_user_baseptr, kernel mode those of new_baseptr. */
/* as: dom0, domU */
#include "../kit/kit.h"

static volatile char *const low = (char *)0x200000;

static void read_low(void)
{
	user_syscall(low[0]);
}

TEST
{
	uint64_t *kernel = (uint64_t *)start_info->pt_base;
	uint64_t *l4 = page_alloc(), *l3 = page_alloc(), *l2 = page_alloc(), *l1 = page_alloc();
	uint64_t *old3 = pte_of(image_start, 3);
	char *page = page_alloc();
	struct iret_context context;

	page[0] = 'u';
	l1[0] = mfn_of(page) * PAGE_SIZE | PTE_KERN;
	l2[1] = mfn_of(l1) * PAGE_SIZE | PTE_KERN;
	memcpy(l3, (void *)((ulong)old3 & PAGE_MASK), PAGE_SIZE);
	l3[0] = mfn_of(l2) * PAGE_SIZE | PTE_KERN;
	l4[0] = mfn_of(l3) * PAGE_SIZE | PTE_KERN;
	for (unsigned int i = 0; i < 4; i++)
		va_protect((uint64_t *[]){ l1, l2, l3, l4 }[i], PTE_RO);

	check("an L1", mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(l1), 0), -XEN_EINVAL);
	check("a frame that is not there", mmuext(MMUEXT_NEW_USER_BASEPTR, MFN_ABSENT, 0),
	      -XEN_EINVAL);
	check("the kernel's own", mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(kernel), 0), 0);
	check("another, not pinned", mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(l4), 0), 0);
	check("a read of the kernel's", attempt("movb (%0), %%al", : : "r"(low) : "rax"), TRAP_pf);
	user_run(read_low, 0, 0); /* gives the stack and takes the kernel's tables for the user */
	check("a read of the user's with the kernel's tables", trap.vector, TRAP_pf);
	check("its error code", trap.error, 4);
	check_same("its cr2", trap.cr2, low);
	check("the user's own again", mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(l4), 0), 0);
	user_context(&context, read_low);
	check("a read of the user's", user_enter(&context), 'u');
	check("a read of the kernel's", attempt("movb (%0), %%al", : : "r"(low) : "rax"), TRAP_pf);
	check("its error code", trap.error, 0);
	check("none", mmuext(MMUEXT_NEW_USER_BASEPTR, 0, 0), 0);
	check("the L4 writable", va_protect(l4, PTE_KERN), 0);
}
