/* SPDX-License-Identifier: MIT */
/*
 * A test image's notes, first instructions, hypercalls, trap stubs and way to user mode and back.
 */
#define __ASSEMBLY__
#include <xen/xen.h>
#include <xen/elfnote.h>
#include "frame.h"

.macro note type:req, kind:req, value:vararg
	.pushsection .note.xen, "a", @note
	.balign 4
	.long 4, 8f - 7f, \type
	.asciz "Xen"
7:	\kind \value
8:	.balign 4
	.popsection
.endm

note XEN_ELFNOTE_GUEST_OS, .asciz, "abi"
note XEN_ELFNOTE_XEN_VERSION, .asciz, "xen-3.0"
note XEN_ELFNOTE_LOADER, .asciz, "generic"
note XEN_ELFNOTE_ENTRY, .quad, start
note XEN_ELFNOTE_VIRT_BASE, .quad, image_start
note XEN_ELFNOTE_PADDR_OFFSET, .quad, image_start
note XEN_ELFNOTE_HYPERCALL_PAGE, .quad, hypercall_page

.section .text.start, "ax"
.global start, start_second, hypercall_page
start:
	lea	stack_top(%rip), %rsp
	mov	%rsi, %rdi
	xor	%ebp, %ebp
	call	kit_start
	ud2

/* A peer's second vcpu: its context gives the stack, and the function to call in rdi. */
start_second:
	call	*%rdi
	ud2

.balign 4096
hypercall_page:
	.skip	4096, 0x90

/* long hypercall_n(number, five arguments). Numbers beyond the page take the bare instruction. */
.global hypercall_n
hypercall_n:
	mov	%rdi, %rax
	mov	%rsi, %rdi
	mov	%rdx, %rsi
	mov	%rcx, %rdx
	mov	%r8, %r10
	mov	%r9, %r8
	cmp	$128, %rax
	jae	1f
	shl	$5, %eax
	add	$hypercall_page, %rax
	jmp	*%rax
1:	push	%rcx
	push	%r11
	syscall
	pop	%r11
	pop	%rcx
	ret

/*
 * The hypervisor pushes rcx and r11 on top of the processor's own frame; put all into one
 * cpu_user_regs, with the vector in its entry_vector, and leave by the iret hypercall.
 */
.text
trap_common:
	push	%rdi
	push	%rsi
	push	%rdx
	push	%rcx
	push	%rax
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, %rdi
	mov	%rsp, %rbp
	and	$-16, %rsp
	cld
	call	trap_dispatch
	mov	%rbp, %rsp
.global trap_leave
trap_leave:
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rax
	pop	%rcx
	pop	%rdx
	pop	%rsi
	pop	%rdi
	movq	$0, (%rsp)
	jmp	hypercall_page + __HYPERVISOR_iret * 32

/* TRAP_STUB_SIZE bytes each; after the 256 vectors come event, syscall and failsafe. */
.global trap_stubs
.balign TRAP_STUB_SIZE
trap_stubs:
.set vector, 0
.rept 256 + 2
	.balign TRAP_STUB_SIZE
	pop	%rcx
	pop	%r11
	.if vector > 31 || !((1 << (vector & 31)) & TRAP_HAS_ERROR)
	push	$0
	.endif
	movl	$vector, 4(%rsp)
	jmp	trap_common
	.set vector, vector + 1
.endr
	.balign TRAP_STUB_SIZE
	pop	%rcx
	pop	%r11
	popq	failsafe_selectors
	popq	failsafe_selectors + 8
	popq	failsafe_selectors + 16
	popq	failsafe_selectors + 24
	push	$0
	jmp	failsafe_rest
failsafe_rest:
	movl	$vector, 4(%rsp)
	jmp	trap_common

/* long user_enter(iret context): to where it says, until user_leave(result). */
.global user_enter, user_leave
user_enter:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, user_return
	lea	24(%rdi), %rsp
	jmp	hypercall_page + __HYPERVISOR_iret * 32
user_leave:
	mov	%rdi, %rax
	mov	user_return, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

.bss
.balign 16
	.skip	32768
stack_top:
user_return:
	.skip	8
.global failsafe_selectors
failsafe_selectors:
	.skip	32
.section .note.GNU-stack, "", @progbits
