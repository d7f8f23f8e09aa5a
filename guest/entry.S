/* SPDX-License-Identifier: MIT */
/*
 * The assembly: ELF notes, the first instruction, upcalls and traps in and out, the thread
 * switch.
 */

#include <xen/elfnote.h>
#include <xen/features.h>

#include "guest/cpu_offsets.h"
#include "guest/notes.h"

#define BOOT_STACK_SIZE	8192			/* as in start.c */
#define TRAP_STUB_SIZE	32			/* as in traps.c */

/* --- What the domain builder reads ------------------------------------------------------------ */

	/* A name other than Xen: guest/notes.h. */
	.macro named_note name, type, desc:vararg
	.pushsection .note.Xen, "a", @note
	.balign 4
	.long 2f - 1f, 4f - 3f, \type
1:	.asciz "\name"
2:	.balign 4
3:	\desc
4:	.balign 4
	.popsection
	.endm

	.macro note type, desc:vararg
	named_note Xen, \type, \desc
	.endm

	note XEN_ELFNOTE_GUEST_OS, .asciz "Lamina"
	note XEN_ELFNOTE_GUEST_VERSION, .asciz "1"
	note XEN_ELFNOTE_LOADER, .asciz "generic"
	note XEN_ELFNOTE_XEN_VERSION, .asciz "xen-3.0"
	note XEN_ELFNOTE_PAE_MODE, .asciz "yes"
	note XEN_ELFNOTE_VIRT_BASE, .quad VIRT_BASE
	note XEN_ELFNOTE_PADDR_OFFSET, .quad VIRT_BASE
	note XEN_ELFNOTE_ENTRY, .quad guest_entry
	note XEN_ELFNOTE_HYPERCALL_PAGE, .quad hypercall_page
	note XEN_ELFNOTE_FEATURES, .asciz "!writable_page_tables|pae_pgdir_above_4gb"
	note XEN_ELFNOTE_SUSPEND_CANCEL, .long 1
	note XEN_ELFNOTE_SUPPORTED_FEATURES, .long 1 << XENFEAT_dom0
	named_note LAMINA_NOTE_NAME, LAMINA_NOTE_DATA_NX, .long 1

	.section .hypercall_page, "ax", @nobits
	.globl hypercall_page
	.type hypercall_page, @function
	.balign 4096
hypercall_page:
	.skip 4096
	.size hypercall_page, 4096

/* --- The start: %rsi is start_info's address, %rsp the builder's stack ------------------------ */

	.section .text.entry, "ax", @progbits
	.globl guest_entry
	.type guest_entry, @function
guest_entry:
	cld
	movl	$boot_stack + BOOT_STACK_SIZE, %esp
	xorl	%ebp, %ebp
	movq	%rsi, %rdi
	call	guest_start
	ud2
	.size guest_entry, . - guest_entry

/* --- Upcalls ---------------------------------------------------------------------------------- */

/*
 * Xen has masked upcalls and pushed rcx, r11, rip, cs, rflags, rsp, ss on the stack of whatever
 * ran. The way back is an iretq of our own, as fast as it gets; but upcalls must be unmasked
 * before it, and from then on the next one may come at any instruction:
 *
 *	1. All registers have their values of the interrupted code again; %rsp is at the outer
 *	   frame (rip, cs, rflags, rsp, ss).
 *	2. The mask is cleared.			<- critical_start
 *	3. Did something become pending while masked? Then mask again and go back to the handlers.
 *	4. iretq.				<- critical_end is behind it
 *
 * Mask and pending flag are this vcpu's, through %gs: a thread may be preempted in any upcall, and
 * goes on, from where its registers are restored, on another vcpu.
 *
 * An upcall at 2..4 finds the outer frame complete on the stack and every register as the outer
 * frame's code left it. So it throws its own new frame away, and serves as if it had interrupted
 * that code: whatever the rate of events, the stack holds one frame. Only flags differ, and iretq
 * restores those.
 */
	.globl upcall_entry
	.type upcall_entry, @function
upcall_entry:
	movq	16(%rsp), %rcx
	subq	$critical_start, %rcx
	cmpq	$critical_end - critical_start, %rcx
	jb	.Lupcall_in_critical

.Lupcall_save:
	pushq	%rax
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%rbp
	movq	%rsp, %rbp
	andq	$-16, %rsp
	cld
	/* Handlers may use vector registers; whoever sleeps in Xen has nothing in them. */
	cmpb	$0, %gs:CPU_IDLE
	jne	.Lupcall_idle
	subq	$256, %rsp
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movaps	%xmm\n, 16 * \n(%rsp)
	.endr
	call	upcall_run_preempt
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movaps	16 * \n(%rsp), %xmm\n
	.endr
.Lupcall_restore:
	movq	%rbp, %rsp
	popq	%rbp
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rax
	popq	%rcx
	popq	%r11
	orb	$3, 8(%rsp)		/* Xen shows the kernel's cs as of ring 0 */

critical_start:
	movb	$0, %gs:CPU_UPCALL_MASK
	cmpb	$0, %gs:CPU_UPCALL_PENDING
	jne	.Lupcall_again
	iretq
.Lupcall_again:
	movb	$1, %gs:CPU_UPCALL_MASK
critical_end:
	pushq	%r11
	pushq	%rcx
	jmp	.Lupcall_save

.Lupcall_idle:
	call	upcall_run
	jmp	.Lupcall_restore

.Lupcall_in_critical:
	popq	%rcx			/* the outer frame's code's values: none has changed */
	popq	%r11
	movq	24(%rsp), %rsp		/* the new frame's rsp: at the outer frame */
	pushq	%r11
	pushq	%rcx
	jmp	.Lupcall_save
	.size upcall_entry, . - upcall_entry

/* --- Traps ------------------------------------------------------------------------------------ */

/*
 * Xen pushed rcx, r11, the error code of vectors that have one, and the frame. Upcalls are
 * unchanged.
 */
	.macro trap_stub vector, has_error
	.balign TRAP_STUB_SIZE
	popq	%rcx
	popq	%r11
	.if \has_error == 0
	pushq	$0
	.endif
	movl	$\vector, 4(%rsp)
	jmp	.Ltrap_common
	.endm

	.globl trap_stubs
	.type trap_stubs, @function
	.balign TRAP_STUB_SIZE
trap_stubs:
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7
	trap_stub \n, 0
	.endr
	trap_stub 8, 1
	trap_stub 9, 0
	.irp n, 10, 11, 12, 13, 14
	trap_stub \n, 1
	.endr
	trap_stub 15, 0
	trap_stub 16, 0
	trap_stub 17, 1
	trap_stub 18, 0
	trap_stub 19, 0
	.balign 16

.Ltrap_common:			/* build struct cpu_user_regs */
	pushq	%rdi
	pushq	%rsi
	pushq	%rdx
	pushq	%rcx
	pushq	%rax
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	cld
	movq	%rsp, %rdi
	movq	%rsp, %rbp
	andq	$-16, %rsp
	call	trap_handle
	ud2
	.size trap_stubs, . - trap_stubs

/* Xen could not load a segment of ours on the way back: nobody sets any. */
	.globl failsafe_entry
	.type failsafe_entry, @function
failsafe_entry:
	andq	$-16, %rsp
	call	trap_failsafe
	ud2
	.size failsafe_entry, . - failsafe_entry

/* --- Threads ---------------------------------------------------------------------------------- */

/*
 * void thread_switch(struct thread *from, struct thread *to): a function call as far as both are
 * concerned, so what a call may change is not saved. MXCSR and the x87 control word belong to the
 * callee.
 */
	.globl thread_switch
	.type thread_switch, @function
thread_switch:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushq	$0
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)
	movq	(%rsp), %rax
	movq	%rsp, (%rdi)
	movq	(%rsi), %rsp
	cmpq	(%rsp), %rax
	je	1f
	ldmxcsr	(%rsp)
	fldcw	4(%rsp)
1:	addq	$8, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret
	.size thread_switch, . - thread_switch

/* Where another vcpu begins: %rdi is its struct cpu, %rsp its idle thread's stack. */
	.globl vcpu_entry
	.type vcpu_entry, @function
vcpu_entry:
	xorl	%ebp, %ebp
	call	vcpu_main
	ud2
	.size vcpu_entry, . - vcpu_entry

/* Where the first switch to a new thread returns to. */
	.globl thread_begin
	.type thread_begin, @function
thread_begin:
	xorl	%ebp, %ebp
	call	thread_main
	ud2
	.size thread_begin, . - thread_begin

	.section .note.GNU-stack, "", @progbits
