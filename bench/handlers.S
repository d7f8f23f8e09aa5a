/* SPDX-License-Identifier: MIT */
/*
 * The probe, and handlers that do the least a handler can do: what is left is the hypervisor's
 * cost. It pushes rcx and r11 on top of the frame; the iret hypercall takes them from registers.
 */
#define __ASSEMBLY__
#include <xen/xen.h>

#define IRET_STUB (hypercall_page + __HYPERVISOR_iret * 32)

	.text
/* ulong probe(void (*op)(void)): ticks that op took, and those of the probe itself. */
	.globl	probe, probe_op, probe_done, op_empty
	.balign	64
probe:
	push	%rbx
	lfence
	rdtsc
	shl	$32, %rdx
	lea	(%rdx, %rax), %rbx
probe_op:
	call	*%rdi
probe_done:
	lfence
	rdtsc
	shl	$32, %rdx
	add	%rdx, %rax
	sub	%rbx, %rax
	pop	%rbx
	ret
op_empty:
	ret

	.globl	handle_count, handle_skip, handle_map, handle_upcall
/* A trap without error code. */
handle_count:
	pop	%rcx
	pop	%r11
	incq	handled
	push	$0
	jmp	IRET_STUB

/* A trap with error code, by an instruction of skip_bytes. */
handle_skip:
	pop	%rcx
	pop	%r11
	incq	handled
	movq	$0, (%rsp)
	push	%rax
	mov	skip_bytes, %rax
	add	%rax, 16(%rsp)
	pop	%rax
	jmp	IRET_STUB

/* A page fault: maps what is missing, in one hypercall. */
handle_map:
	pop	%rcx
	pop	%r11
	incq	handled
	push	%rax
	push	%rdi
	push	%rsi
	push	%rdx
	mov	map_address, %rdi
	mov	map_entry, %rsi
	mov	$UVMF_INVLPG, %edx
	call	hypercall_page + __HYPERVISOR_update_va_mapping * 32
	pop	%rdx
	pop	%rsi
	pop	%rdi
	pop	%rax
	movq	$0, (%rsp)
	jmp	IRET_STUB

/* pending, then sel, then the bit: in the order in which the sender looks at them. */
handle_upcall:
	pop	%rcx
	pop	%r11
	push	%rax
	push	%rdx
	mov	vcpu, %rax
	movb	$0, (%rax) /* evtchn_upcall_pending */
	xor	%edx, %edx
	xchg	%rdx, 8(%rax) /* evtchn_pending_sel */
	mov	upcall_port, %rdx
	mov	shared, %rax
	lock btr %rdx, SHARED_PENDING(%rax)
	adcq	$0, handled
	pop	%rdx
	pop	%rax
	push	$0
	jmp	IRET_STUB

/* A domain's first instructions: when that was, in its box, and then the kit's own. */
	.globl	stamp_start
stamp_start:
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, box
	jmp	start

	.set	SHARED_PENDING, 32 * 64 /* of struct shared_info, behind 32 struct vcpu_info */

	.bss
	.balign	8
	.globl	handled, skip_bytes, map_address, map_entry, upcall_port
handled:
	.skip	8
skip_bytes:
	.skip	8
map_address:
	.skip	8
map_entry:
	.skip	8
upcall_port:
	.skip	8
	.section .note.GNU-stack, "", @progbits
