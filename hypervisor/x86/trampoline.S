/* SPDX-License-Identifier: MIT */
/*
 * What another processor executes first, from real mode to its own stack. smp.c copies it to
 * TRAMPOLINE, below 1 MiB, and fills in the words at its end. The way leads through head.S's early
 * tables, which map the first 4 GiB where they are and the image at its final address.
 */
#define __ASSEMBLY__
#include "offsets.h"

#define AT(x) (TRAMPOLINE + (x) - trampoline_start)

	.section .rodata.trampoline, "a"
	.balign	16
	.globl	trampoline_start, trampoline_end, trampoline_words
	.code16
trampoline_start:
	cli
	mov	%cs, %ax
	mov	%ax, %ds
	lgdtl	gdt_pointer - trampoline_start
	mov	%cr0, %eax
	or	$1, %al
	mov	%eax, %cr0
	ljmpl	$8, $AT(protected)
	.code32
protected:
	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %ss
	mov	$0x20, %eax /* PAE */
	mov	%eax, %cr4
	mov	AT(early_cr3), %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx /* EFER, as the first processor has it */
	mov	AT(efer), %eax
	xor	%edx, %edx
	wrmsr
	mov	$0x80050033, %eax /* PG AM WP NE ET MP PE */
	mov	%eax, %cr0
	ljmp	$24, $AT(long_mode)
	.code64
long_mode:
	mov	final_cr3(%rip), %rax
	mov	stack(%rip), %rsp
	mov	entry(%rip), %rcx
	jmp	*%rcx

	.balign	8
gdt:
	.quad	0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00af9b000000ffff
gdt_pointer:
	.word	. - gdt - 1
	.long	AT(gdt)
	.balign	8
trampoline_words: /* struct start, smp.c */
early_cr3:
	.quad	0
efer:
	.quad	0
final_cr3:
	.quad	0
stack:
	.quad	0
entry:
	.quad	0
trampoline_end:

	.text
/* At the image's final address: rax holds the final tables, rsp the own stack that they map. */
	.globl	smp_entry
smp_entry:
	mov	%rax, %cr3
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	call	smp_started
	ud2
	.section .note.GNU-stack, "", @progbits
