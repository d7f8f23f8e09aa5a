/* SPDX-License-Identifier: MIT */
/*
 * From the loader's 32-bit flat mode to boot() at its linked address.
 *
 * Multiboot 1 (eax = magic, ebx = information) and PVH (ebx = hvm_start_info) both leave us with
 * paging off. The tables here last until paging.c has built the final ones: the first 4 GiB at 0
 * and in the directmap's place, the image and the first processor's block at their final
 * addresses.
 */
#define __ASSEMBLY__
#include <xen/elfnote.h>
#include "layout.h"
#include "offsets.h"

#define PHYS(x)  ((x) - IMAGE_VIRT + LOAD_PHYS)
#define TABLE    0x23 /* present, writable, accessed */
#define PAGE     0x63 /* ... and dirty */
#define BIG_PAGE 0xe3

#define MULTIBOOT_HEADER_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS        0x10003 /* modules on page boundaries, memory map, addresses below */

#define L4_INDEX(va) (((va) >> 39) & 511)
#define L3_INDEX(va) (((va) >> 30) & 511)

.macro entry table, index, target, flags=TABLE
	movl	$PHYS(\target) + \flags, PHYS(\table) + 8 * (\index)
.endm

	.section .text.head, "ax"
	.code32
	.balign 4
multiboot_header:
	.long	MULTIBOOT_HEADER_MAGIC, MULTIBOOT_FLAGS
	.long	-(MULTIBOOT_HEADER_MAGIC + MULTIBOOT_FLAGS)
	.long	PHYS(multiboot_header), PHYS(image_start), PHYS(load_end), PHYS(image_end)
	.long	PHYS(start_multiboot)

	.pushsection .note.xen, "a", @note
	.balign 4
	.long	4, 4, XEN_ELFNOTE_PHYS32_ENTRY
	.asciz	"Xen"
	.long	PHYS(start_pvh)
	.popsection

	.globl	start_pvh
start_pvh:
	xor	%eax, %eax
start_multiboot:
	cld
	cli
	mov	%eax, %edi
	mov	%ebx, %esi

	mov	$0x80000000, %eax
	cpuid
	cmp	$0x80000001, %eax
	jb	no_long_mode
	mov	$0x80000001, %eax
	cpuid
	bt	$29, %edx
	jnc	no_long_mode
	mov	%edx, %ebp

	/* 2 MiB pages for the first 4 GiB. */
	mov	$PHYS(early_l2), %ebx
	mov	$BIG_PAGE, %eax
1:	mov	%eax, (%ebx)
	add	$8, %ebx
	add	$0x200000, %eax
	jnc	1b
	/* 4 KiB pages for the image. */
	mov	$PHYS(early_l1), %ebx
	mov	$(LOAD_PHYS + PAGE), %eax
2:	mov	%eax, (%ebx)
	add	$8, %ebx
	add	$0x1000, %eax
	cmp	$PHYS(image_end) + PAGE, %eax
	jb	2b

	entry	early_l4, 0, early_l3_low
	entry	early_l4, L4_INDEX(IMAGE_VIRT), early_l3_image
	entry	early_l4, L4_INDEX(IMAGE_VIRT) + 1, early_l3_low /* DIRECTMAP_VIRT */
	.set	at, 0
	.rept	4
	entry	early_l3_low, at, early_l2+at*0x1000
	.set	at, at + 1
	.endr
	entry	early_l3_image, L3_INDEX(IMAGE_VIRT), early_l2_image
	entry	early_l3_image, L3_INDEX(CPUS_VIRT), early_l2_cpus
	entry	early_l2_image, 0, early_l1
	entry	early_l2_cpus, 0, early_l1_cpus
	.set	at, 0
	.rept	8
	entry	early_l1_cpus, at, cpu0_block+at*0x1000, PAGE
	.set	at, at + 1
	.endr
	mov	$PHYS(early_l4), %eax
	mov	%eax, %cr3
	mov	$0x20, %eax /* PAE */
	mov	%eax, %cr4
	mov	$0xc0000080, %ecx /* EFER: SCE, LME, and NXE where the processor has NX */
	mov	$0x101, %eax
	bt	$20, %ebp
	jnc	3f
	or	$0x800, %eax
3:	xor	%edx, %edx
	wrmsr
	mov	$0x80050033, %eax /* PG AM WP NE ET MP PE */
	mov	%eax, %cr0
	lgdt	PHYS(early_gdt_pointer)
	ljmp	$8, $PHYS(start_long)

no_long_mode:
	mov	$PHYS(no_long_mode_text), %esi
	mov	$0x3f8, %dx
4:	lodsb
	test	%al, %al
	jz	5f
	outb	%al, %dx
	jmp	4b
5:	hlt
	jmp	5b

	.code64
start_long:
	movabs	$start_high, %rax
	jmp	*%rax
start_high:
	mov	$16, %eax
	mov	%eax, %ss
	mov	%eax, %ds
	mov	%eax, %es
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	movabs	$(CPUS_VIRT + CPU_BLOCK - CPU_SIZE), %rsp
	mov	%edi, %edi
	mov	%esi, %esi
	call	boot
	ud2

	.section .rodata.head, "a"
no_long_mode_text:
	.asciz	"lamina: this processor has no 64-bit mode\r\n"
	.balign	8
early_gdt:
	.quad	0, 0x00af9b000000ffff, 0x00cf93000000ffff
early_gdt_pointer:
	.word	. - early_gdt - 1
	.long	PHYS(early_gdt)

	.bss
	.balign	4096
	.globl	early_l4
early_l4:	.skip	4096
early_l3_low:	.skip	4096
early_l3_image:	.skip	4096
early_l2:	.skip	4 * 4096
early_l2_image:	.skip	4096
early_l2_cpus:	.skip	4096
early_l1:	.skip	4096
early_l1_cpus:	.skip	4096
	.globl	cpu0_block
cpu0_block:
	.skip	CPU_BLOCK
	.section .note.GNU-stack, "", @progbits
