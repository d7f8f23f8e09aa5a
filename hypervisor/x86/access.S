/* SPDX-License-Identifier: MIT */
/*
 * Guest memory. A fault at a row of the exception table goes to its fixup, which finds in the
 * registers how much was left. stac and clac are patched in where SMAP is on.
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

	.text
/*
 * size_t guest_copy(void *to, const void *from, size_t n): bytes not copied.
 * Eight at a time; the tail byte by byte, so that a fault tells exactly how far it came.
 */
	.globl	guest_copy
guest_copy:
	smap_site 1
	mov	%rdx, %rcx
	shr	$3, %rcx
	and	$7, %edx
1:	rep movsq
	mov	%edx, %ecx
2:	rep movsb
	smap_site 0
	xor	%eax, %eax
	ret
3:	/* What is left of the words is tried again in bytes: the fault is in the first. */
	lea	(%rdx, %rcx, 8), %rcx
4:	rep movsb
5:	mov	%rcx, %rax
	smap_site 0
	ret
	EXTABLE(1b, 3b)
	EXTABLE(2b, 5b)
	EXTABLE(4b, 5b)

/* size_t guest_clear(void *to, size_t n): bytes not cleared. */
	.globl	guest_clear
guest_clear:
	smap_site 1
	mov	%rsi, %rcx
	xor	%eax, %eax
6:	rep stosb
7:	mov	%rcx, %rax
	smap_site 0
	ret
	EXTABLE(6b, 7b)

/* int rdmsr_safe(uint32_t msr, uint64_t *val); int wrmsr_safe(uint32_t msr, uint64_t val) */
	.globl	rdmsr_safe, wrmsr_safe
rdmsr_safe:
	mov	%edi, %ecx
12:	rdmsr
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, (%rsi)
	xor	%eax, %eax
	ret
	EXTABLE(12b, msr_fault)
wrmsr_safe:
	mov	%edi, %ecx
	mov	%esi, %eax
	mov	%rsi, %rdx
	shr	$32, %rdx
13:	wrmsr
	xor	%eax, %eax
	ret
	EXTABLE(13b, msr_fault)
msr_fault:
	mov	$-14, %eax
	ret

/* bool load_ds(uint16_t sel) and so on: false when the selector is bad; then it is null. */
.macro loader name, segment
	.globl	\name
\name:
	mov	$1, %eax
14:	mov	%edi, %\segment
	ret
15:	xor	%eax, %eax
	mov	%eax, %\segment
	ret
	EXTABLE(14b, 15b)
.endm
	loader load_ds, ds
	loader load_es, es
	loader load_fs, fs
	loader load_gs, gs
	.section .note.GNU-stack, "", @progbits
