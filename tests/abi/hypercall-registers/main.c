/* SPDX-License-Identifier: MIT */
/* The rule: a hypercall changes rax and, by the hypercall page, nothing else: no register, no flag. */
#include "../kit/kit.h"

/* Loads all registers with known values, calls xen_version, and counts those that came back changed. */
#define REGISTERS(x)                                                                             \
	x(rbx) x(rdi) x(rsi) x(rdx) x(rcx) x(rbp) x(r8) x(r9) x(r10) x(r11) x(r12) x(r13) x(r14) \
		x(r15)
#define LOAD(r)  "mov $0x1234, %" #r "\n\t"
#define COUNT(r) "cmp $0x1234, %" #r "\n\tsetne %cl\n\tmovzx %cl, %ecx\n\tadd %rcx, %rax\n\t"

extern long registers_changed(void);
extern long answer, flags_before, flags_after;
long answer, flags_before, flags_after;

__asm__(".text\nregisters_changed:\n\t"
	"push %rbx\n\tpush %rbp\n\tpush %r12\n\tpush %r13\n\tpush %r14\n\tpush %r15\n\t" REGISTERS(
		LOAD) "xor %edi, %edi\n\tstd\n\tstc\n\tpushf\n\tpop flags_before\n\t"
		      "call hypercall_page + 17 * 32\n\t"
		      "pushf\n\tpop flags_after\n\tcld\n\t"
		      "mov %rax, answer\n\txor %eax, %eax\n\t"
		      "test %rdi, %rdi\n\tsetne %al\n\tmov $0x1234, %edi\n\t"
		      "cmp $0x1234, %rcx\n\tje 1f\n\tinc %rax\n1:\t" REGISTERS(
			      COUNT) "dec %rax\n\t" /* COUNT's own use of rcx, which comes after rdx */
				     "pop %r15\n\tpop %r14\n\tpop %r13\n\tpop %r12\n\tpop %rbp\n\tpop %rbx\n\tret");

TEST
{
	ulong rcx, r11, rax = 64;

	check("registers changed", registers_changed(), 0);
	check("the answer", answer, 4 << 16 | 17);
	check("flags changed", flags_before ^ flags_after, 0);
	check_that("the direction flag stayed set", flags_after & 0x400);

	__asm__ volatile("syscall" : "+a"(rax), "=c"(rcx), "=r"(r11) : : "r11", "memory");
	check("the bare instruction's answer to number 64", rax, -XEN_ENOSYS);
	check_that("it leaves its return address in rcx",
		   rcx > (ulong)image_start && rcx < (ulong)image_end);
}
