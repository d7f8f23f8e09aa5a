/* SPDX-License-Identifier: MIT */
/* Rule: a hypercall changes rax and, by the hypercall page, nothing else: no register, no flag. */
/* as: dom0, domU */
#include "../kit/kit.h"

#define N           14
#define REGISTERS(x) \
	x(rbx, 0) x(rcx, 1) x(rdx, 2) x(rsi, 3) x(rdi, 4) x(rbp, 5) x(r8, 6) x(r9, 7) x(r10, 8) \
	x(r11, 9) x(r12, 10) x(r13, 11) x(r14, 12) x(r15, 13)
#define LOAD(r, i) "mov $0x1000 + " #i ", %" #r "\n\t"
#define SAVE(r, i) "mov %" #r ", seen + 8 * " #i "\n\t"

void call_with_known_registers(void);
ulong seen[N], answer, flags_before, flags_after;

/* xen_version with a sub-op that there is not, 0x1004 in rdi: no argument is read. */
__asm__(".text\n"
	"call_with_known_registers:\n\t"
	"push %rbx\n\tpush %rbp\n\tpush %r12\n\tpush %r13\n\tpush %r14\n\tpush %r15\n\t"
	"std\n\tstc\n\tpushf\n\tpop flags_before\n\t"
	REGISTERS(LOAD)
	"call hypercall_page + 17 * 32\n\t"
	REGISTERS(SAVE)
	"mov %rax, answer\n\tpushf\n\tpop flags_after\n\tcld\n\t"
	"pop %r15\n\tpop %r14\n\tpop %r13\n\tpop %r12\n\tpop %rbp\n\tpop %rbx\n\tret");

TEST
{
	ulong rcx, rax = 64;
	unsigned int kept = 0;

	call_with_known_registers();
	for (unsigned int i = 0; i < N; i++)
		kept += seen[i] == 0x1000 + i;
	check("registers kept", kept, N);
	check("the answer", answer, -XEN_ENOSYS);
	check("flags changed", flags_before ^ flags_after, 0);
	check("the direction flag stayed set", flags_after & 0x400, 0x400);

	__asm__ volatile("syscall" : "+a"(rax), "=c"(rcx) : : "r11", "memory");
	check("the bare instruction's answer to number 64", rax, -XEN_ENOSYS);
	check_that("it leaves its return address in rcx",
		   rcx > (ulong)image_start && rcx < (ulong)image_end);
}
