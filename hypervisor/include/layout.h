/* SPDX-License-Identifier: MIT */
/*
 * The virtual address map, the same in every address space. The hypervisor owns L4 slots 256-271
 * (HYPERVISOR_VIRT_START..END, <xen/arch-x86/xen-x86_64.h>); guests own all others.
 *
 *   slot  from                what
 *   256   ffff800000000000    M2P, read-only to guests (ABI: MACH2PHYS_VIRT_START), 2 MiB pages
 *   257   ffff808000000000    M2P again, writable, for the hypervisor alone
 *   260   ffff820000000000    per domain: GDT and LDT of each vcpu
 *   261   ffff82c000000000    io mappings (APICs, HPET, MSI-X tables), uncached
 *         ffff82d080000000    the hypervisor's image: text r-x, rodata r--, data rw-
 *         ffff82d0c0000000    per-CPU blocks: stacks with guard pages, struct cpu, syscall stub
 *         ffff82e000000000    frame table
 *   262   ffff830000000000    directmap of all RAM, rw-, no execute (up to 5 TiB)
 *   272   ffff880000000000    the guest's again
 */
#pragma once

#define GUEST_LOW_END 0x0000800000000000UL
#define M2P_RO_VIRT 0xffff800000000000UL
#define M2P_VIRT 0xffff808000000000UL
#define PERDOMAIN_VIRT 0xffff820000000000UL
#define IOMAP_VIRT 0xffff82c000000000UL
#define IOMAP_SIZE 0x40000000UL
#define IMAGE_VIRT 0xffff82d080000000
#define CPUS_VIRT 0xffff82d0c0000000
#define FRAMETABLE_VIRT 0xffff82e000000000UL
#define DIRECTMAP_VIRT 0xffff830000000000UL
#define DIRECTMAP_SIZE (HYPER_VIRT_END - DIRECTMAP_VIRT)
#define HYPER_VIRT_START 0xffff800000000000UL
#define HYPER_VIRT_END 0xffff880000000000UL

#define L4_HYPER_FIRST 256
#define L4_HYPER_LAST 271
#define L4_PERDOMAIN 260

/* Per-domain area: each vcpu has 32 pages: 16 of GDT (page 14 is the hypervisor's), 16 of LDT. */
#define GDT_PAGES 16
#define LDT_PAGES 16
#define VCPU_DESC_PAGES (GDT_PAGES + LDT_PAGES)
#define GDT_VIRT(vcpu) (PERDOMAIN_VIRT + (unsigned long)(vcpu)*VCPU_DESC_PAGES * 4096)
#define LDT_VIRT(vcpu) (GDT_VIRT(vcpu) + GDT_PAGES * 4096)

/*
 * A per-CPU block is 32 KiB, aligned to its size, so that any stack pointer within it finds
 * struct cpu at its end (this_cpu()):
 *   page 0 stub and its data   1 guard   2 NMI+MC stack   3 guard   4 #DF/#DB stack   5 guard   6-7
 * main stack, struct cpu on top
 */
#define CPU_BLOCK_SIZE 32768UL

#define SEL_HYPER_CS 0xe008
#define SEL_HYPER_DS 0xe010
#define SEL_TSS 0xe040
#define SEL_LDT 0xe050
