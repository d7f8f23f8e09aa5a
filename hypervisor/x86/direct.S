/* SPDX-License-Identifier: MIT */
/*
 * The shortest ways between a guest's kernel and its handlers: exceptions that nothing repairs, an
 * upcall at the end of a hypercall, the iret hypercall. They do what C does in pv/ (bounce.c,
 * trap.c, iret.c) for the usual case only, with all registers but a few left where they are. What
 * is not usual goes to C before anything is changed that C would not write again:
 *
 *   guest user mode, a foreign code selector, virtual-8086 mode    (the tables change, or cs)
 *   work waits, or an event
 *   the assist architectural_iopl                                  (IOPL is in the frame's rflags)
 *   no handler; a stack in the hypervisor's area, or that faults   (the domain crashes)
 *   a page fault on a present page, or in the hypervisor's area    (C may repair it)
 *
 * The way out is sysret to a handler, whose address was found canonical when it was registered.
 * A guest's rflags have IF set and IOPL 0: in ring 3 it cannot change them.
 */
#define __ASSEMBLY__
#include "offsets.h"

.macro smap_site set
8:	.byte	0x0f, 0x1f, 0x00
	.pushsection .smap_sites, "a"
	.balign	4
	.long	8b - ., \set
	.popsection
.endm

/*
 * To \no if \at is in the hypervisor's area: its bits 63-43 are those of -16. What begins below and
 * reaches into it begins at no canonical address: the first access, of the lowest word, faults.
 */
.macro range_check at, temp, no
	mov	\at, \temp
	sar	$43, \temp
	cmp	$-16, \temp
	je	\no
.endm

/* An access of guest memory. */
.macro guest fixup, insn:vararg
9:	\insn
	EXTABLE(9b, \fixup)
.endm

	.text
/*
 * An exception of a guest, or of the hypervisor. rsp: at the vector in the frame; nothing else was
 * touched. Later rsp is the CPU stack, where a fault of ours can push, and rax the vcpu.
 */
	.set	at, VCPU_ERROR
.macro direct_trap words, fixup, page_fault=0
	cmpq	$RING3_CS64, VCPU_CS - at(%rsp)
	jne	trap_common
	testl	$RFLAGS_VM, VCPU_RFLAGS - at(%rsp)
	jnz	trap_common
	mov	%rax, VCPU_RAX - at(%rsp)
	mov	%rcx, VCPU_RCX - at(%rsp)
	mov	%rdx, VCPU_RDX - at(%rsp)
	mov	%r10, VCPU_R10 - at(%rsp)
	mov	%r11, VCPU_R11 - at(%rsp)
	lea	-at(%rsp), %rax
	mov	VCPU_CPU(%rax), %rsp
	cmpl	$0, CPU_WORK(%rsp)
	jne	trap_full
	cmpq	$0, CPU_LIMIT(%rsp) /* guest user mode */
	je	trap_full
	mov	VCPU_DOMAIN(%rax), %rcx
	testb	$ASSIST_IOPL, DOMAIN_ASSIST(%rcx)
	jnz	trap_full
	mov	VCPU_INFO(%rax), %rdx
	movzwl	(%rdx), %r10d /* evtchn_upcall_pending, evtchn_upcall_mask */
	test	%r10b, %r10b
	jnz	trap_full
	shr	$8, %r10d
	mov	VCPU_RSP(%rax), %r11
	and	$-16, %r11
	sub	$\words * 8, %r11
	range_check %r11, %rcx, trap_full
.if !\page_fault
	mov	VCPU_ENTRY(%rax), %ecx
	shl	$4, %ecx
	add	%rax, %rcx
	cmpq	$0, VCPU_TRAP(%rcx)
	je	trap_full
.else
	cmpq	$0, VCPU_TRAP + 14 * 16(%rax)
	je	trap_full
	testb	$PF_PRESENT, VCPU_ERROR(%rax)
	jnz	trap_full
	mov	%cr2, %rdx
	sar	$43, %rdx
	cmp	$-16, %rdx
	je	trap_full
	mov	%cr2, %rdx
	mov	%rdx, VCPU_CR2(%rax)
	mov	VCPU_INFO(%rax), %rcx
	mov	%rdx, INFO_CR2(%rcx)
	lea	14 * 16(%rax), %rcx
	andl	$~PF_USER, VCPU_ERROR(%rax)
.endif
	smap_site 1
	mov	VCPU_RCX(%rax), %rdx
	guest	\fixup, mov %rdx, (%r11)
	mov	VCPU_R11(%rax), %rdx
	guest	\fixup, mov %rdx, 8(%r11)
	mov	VCPU_RFLAGS(%rax), %rdx
	test	%r10d, %r10d
	jz	1f
	and	$~RFLAGS_IF, %rdx
1:	guest	\fixup, mov %rdx, \words * 8 - 24(%r11)
	/* No instruction from here to the jump by it changes the flags. */
	testb	$GATE_MASKS, VCPU_TRAP + TRAP_FLAGS(%rcx)
	mov	VCPU_TRAP(%rcx), %rcx
.if \page_fault
	mov	VCPU_ERROR(%rax), %edx
	guest	\fixup, mov %rdx, 16(%r11)
.endif
	mov	VCPU_RIP(%rax), %rdx
	guest	\fixup, mov %rdx, \words * 8 - 40(%r11)
	guest	\fixup, movl $KERNEL_CS, \words * 8 - 32(%r11)
	guest	\fixup, mov %r10d, \words * 8 - 28(%r11) /* saved_upcall_mask */
	mov	VCPU_RSP(%rax), %rdx
	guest	\fixup, mov %rdx, \words * 8 - 16(%r11)
	movzwl	VCPU_SS(%rax), %edx
	guest	\fixup, mov %rdx, \words * 8 - 8(%r11)
	smap_site 0
	jz	1f
	mov	VCPU_INFO(%rax), %rdx
	movb	$1, 1(%rdx) /* evtchn_upcall_mask */
1:	mov	%r11, %rsp
	mov	VCPU_RFLAGS(%rax), %r11
	mov	VCPU_R10(%rax), %r10
	and	$~CLEARED_ON_ENTRY, %r11
	mov	VCPU_RDX(%rax), %rdx
	mov	VCPU_RAX(%rax), %rax
	sysretq
	int3
.endm

	.globl	trap_direct, trap_direct_fault
	.balign	16
trap_direct:
	direct_trap 7, trap_stack_fault
	.balign	16
trap_direct_fault:
	direct_trap 8, trap_stack_fault_cr2, 1

/* The fault of ours has changed cr2. */
trap_stack_fault_cr2:
	mov	VCPU_CR2(%rax), %rcx
	mov	%rcx, %cr2
trap_stack_fault:
	smap_site 0
trap_full:
	lea	VCPU_ERROR(%rax), %rsp
	mov	VCPU_R11(%rax), %r11
	mov	VCPU_R10(%rax), %r10
	mov	VCPU_RDX(%rax), %rdx
	mov	VCPU_RCX(%rax), %rcx
	mov	VCPU_RAX(%rax), %rax
	jmp	trap_common

/*
 * At the end of a hypercall an event waits, unmasked, and no other work. On the CPU stack; rcx:
 * vcpu, rdx: its info, rax: result. The caller's rcx and r11 are those that syscall left.
 */
	.globl	hypercall_upcall
	.balign	16
hypercall_upcall:
	mov	VCPU_DOMAIN(%rcx), %rsi
	testb	$ASSIST_IOPL, DOMAIN_ASSIST(%rsi)
	jnz	hypercall_slow
	cmpq	$0, VCPU_EVENT(%rcx)
	je	hypercall_slow
	mov	VCPU_RSP(%rcx), %r8
	mov	%r8, %rdi
	and	$-16, %rdi
	sub	$7 * 8, %rdi
	range_check %rdi, %rsi, hypercall_slow
	mov	VCPU_RIP(%rcx), %r10
	mov	VCPU_RFLAGS(%rcx), %r11
	smap_site 1
	guest	upcall_fault, mov %r10, (%rdi)
	guest	upcall_fault, mov %r11, 8(%rdi)
	guest	upcall_fault, mov %r10, 16(%rdi)
	guest	upcall_fault, movq $KERNEL_CS, 24(%rdi)
	guest	upcall_fault, mov %r11, 32(%rdi)
	guest	upcall_fault, mov %r8, 40(%rdi)
	guest	upcall_fault, movq $RING3_SS, 48(%rdi)
	smap_site 0
	movb	$1, 1(%rdx) /* evtchn_upcall_mask */
	and	$~CLEARED_ON_ENTRY, %r11
	mov	%rdi, %rsp
	mov	VCPU_RDI(%rcx), %rdi
	mov	VCPU_RSI(%rcx), %rsi
	mov	VCPU_RDX(%rcx), %rdx
	mov	VCPU_R10(%rcx), %r10
	mov	VCPU_R8(%rcx), %r8
	mov	VCPU_R9(%rcx), %r9
	mov	VCPU_EVENT(%rcx), %rcx
	sysretq
	int3
upcall_fault:
	smap_site 0
	jmp	hypercall_slow

/*
 * long do_iret(void), which does not return when guest kernel goes on in guest kernel: only rax,
 * rcx, r11 and what iretq loads come from the guest's frame, nothing but the first three was
 * touched since the entry. Within a multicall, deeper on the stack, C has it.
 */
	.globl	do_iret
	.balign	16
do_iret:
	lea	8 + CPU_SIZE(%rsp), %ecx /* the block's end, if the stub has called */
	test	$(CPU_BLOCK - 1), %ecx
	jnz	iret_full
	cmpl	$0, 8 + CPU_WORK(%rsp)
	jne	iret_full
	mov	8 + CPU_CURRENT(%rsp), %rcx
	mov	VCPU_DOMAIN(%rcx), %rax
	testb	$ASSIST_IOPL, DOMAIN_ASSIST(%rax)
	jnz	iret_full
	cmpb	$0, VCPU_NMI_MASKED(%rcx) /* another NMI may have waited for this */
	jne	iret_full
	mov	VCPU_RSP(%rcx), %rax
	range_check %rax, %r11, iret_full
	smap_site 1
	guest	iret_fault, cmpw $KERNEL_CS, IRET_CS(%rax)
	jne	iret_fault
	guest	iret_fault, testl $IN_SYSCALL, IRET_FLAGS(%rax)
	jnz	iret_fault
	guest	iret_fault, movzwl IRET_SS(%rax), %r11d
	or	$3, %r11d
	push	%r11
	guest	iret_fault, pushq IRET_RSP(%rax)
	guest	iret_fault, mov IRET_RFLAGS(%rax), %r11
	mov	VCPU_INFO(%rcx), %rcx
	test	$RFLAGS_IF, %r11d
	sete	1(%rcx) /* evtchn_upcall_mask */
	and	$~(RFLAGS_IOPL | RFLAGS_VM), %r11
	or	$RFLAGS_IF, %r11
	push	%r11
	push	$RING3_CS64
	guest	iret_fault, pushq IRET_RIP(%rax)
	cmpb	$0, (%rcx) /* evtchn_upcall_pending, read behind the mask's change */
	jne	iret_fault
	guest	iret_fault, mov IRET_RCX(%rax), %rcx
	guest	iret_fault, mov IRET_R11(%rax), %r11
	guest	iret_fault, mov (%rax), %rax /* the lowest word: range_check */
	smap_site 0
direct_iretq:
	iretq
	EXTABLE(direct_iretq, guest_iretq_fault)
/* C reads the guest's frame anew. */
iret_fault:
	smap_site 0
	or	$(CPU_BLOCK - 1), %rsp
	sub	$(CPU_SIZE - 1 + 8), %rsp /* the return address lies below struct cpu */
	jmp	iret_full
	.section .note.GNU-stack, "", @progbits
