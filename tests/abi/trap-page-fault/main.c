/* SPDX-License-Identifier: MIT */
/* Rule: a page fault tells its address in vcpu_info, its cause in an error code of its mode. */
/* as: dom0, domU */
#include "../kit/kit.h"

static volatile char *page;

static void user_read(void)
{
	(void)page[0x123];
}

static void user_write(void)
{
	page[0x456] = 1;
}

TEST
{
	page = page_alloc();
	check("read where there are no tables",
	      attempt("mov (%0), %%rax",
		      :
		      : "r"(VA_UNMAPPED + 8)
		      : "rax"),
	      TRAP_pf);
	check("error code", trap.error, 0);
	check("cr2", trap.cr2, VA_UNMAPPED + 8);
	check("write there", attempt("movb $0, (%0)", : : "r"(VA_UNMAPPED) : "memory"), TRAP_pf);
	check("error code", trap.error, 2);
	check("jump there", attempt("jmp *%0", : : "r"(VA_UNMAPPED)), TRAP_pf);
	check("error code", trap.error, 0x10);
	check("rip", trap.regs.rip, VA_UNMAPPED);

	va_protect((void *)page, PTE_RO | PTE_NX);
	check("write to what is read-only",
	      attempt("movb $0, (%0)",
		      :
		      : "r"(page)
		      : "memory"),
	      TRAP_pf);
	check("error code", trap.error, 3);
	check("jump to what is not executable", attempt("jmp *%0", : : "r"(page)), TRAP_pf);
	check("error code", trap.error, 0x11);
	user_run(user_write, 0, 0);
	check("write in user mode", trap.vector, TRAP_pf);
	check("error code", trap.error, 7);
	check_same("cr2", trap.cr2, page + 0x456);
	check("cs, with the ring", trap.regs.cs & 3, 3);
	va_map((void *)page, 0);
	user_run(user_read, 0, 0);
	check("read in user mode", trap.vector, TRAP_pf);
	check("error code", trap.error, 4);
	check_same("cr2", trap.cr2, page + 0x123);
	__asm__ volatile("mov %%cr2, %0" : "=r"(vcpu->arch.pad));
	check_same("cr2, read as a register", vcpu->arch.pad, page + 0x123);
}
