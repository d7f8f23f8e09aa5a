/* SPDX-License-Identifier: MIT */
/* What the x86 part gives to core and pv: its own paging, context switch, FPU, features. */
#pragma once

#include "frame.h"
#include "machine.h"
#include "vcpu.h"

/*
 * x86/switch.c: the next vcpu's frame becomes the target of entry: TSS.RSP0, CR3, segments, bases,
 * GDT, LDT, debug registers; FPU lazily. Called by sched_run only.
 */
void switch_to(struct vcpu *prev, struct vcpu *next);
/* Load v->pv.cr3 of the current vcpu (user/kernel toggle, new baseptr); flushes the TLB. */
void switch_root(struct vcpu *v);
void ldt_load(struct vcpu *v); /* v is current: LDTR as v->pv.ldt_entries says */
uint64_t read_fs_base(void), read_gs_base(void), read_gs_shadow(void);
void write_gs_base(uint64_t b), write_gs_shadow(uint64_t b);

/* In line: guests switch it with each thread. Where they may use WRFSBASE themselves, so may we. */
#define CR4_FSGSBASE (1u << 16)
#define MSR_FS_BASE  0xc0000100
static inline bool has_fsgsbase(void)
{
	return this_cpu()->cr4 & CR4_FSGSBASE;
}
static inline void write_fs_base(uint64_t b)
{
	if (has_fsgsbase())
		__asm__ volatile("wrfsbase %0" ::"r"(b));
	else
		wrmsr(MSR_FS_BASE, b);
}

bool ioapic_is_page(paddr_t pa); /* x86/ioapic.c: registers of an interrupt controller lie there */
bool msix_protects(mfn_t m); /* x86/msix.c: a page of devices that guests may only read */

/* The current vcpu's choice of CR4.FSGSBASE and CR4.TSD, and its TSC_AUX. */
void cr4_load(struct vcpu *v);
void tsc_aux_load(struct vcpu *v);

/* Xen's PAT, which the ABI's guests rely on: WB WT UC- UC WC WP UC UC. */
#define PAT_XEN 0x050100070406UL

/* x86/fpu.c */
int fpu_init_vcpu(struct vcpu *v); /* -ENOMEM */
void fpu_free_vcpu(struct vcpu *v);
void fpu_restore(struct vcpu *v); /* #NM of the current vcpu: its state into the registers */
void fpu_save(struct vcpu *v); /* registers into v->xsave if it owns them */
void fpu_get_legacy(struct vcpu *v, void *fxsave512); /* for getvcpucontext */
void fpu_set_legacy(struct vcpu *v, const void *fxsave512);
int fpu_set_xcr0(struct vcpu *v, uint64_t xcr0); /* XSETBV emulation: -EINVAL */
void stts_if_needed(struct vcpu *v); /* CR0.TS as the current vcpu needs it */

/* x86/paging.c: the hypervisor's own address space; every L4 shares its slots 256-271. */
extern uint64_t *hyper_l4; /* template: pv_l4_init copies slots, the idle vcpu runs on it */
extern mfn_t hyper_l4_mfn;
void *iomap(paddr_t base, size_t size); /* uncached, for good; NULL when the area is full */

/* Page-table entries (SDM vol. 3, 4.5). */
#define PTE_P (1UL << 0)
#define PTE_W (1UL << 1)
#define PTE_U (1UL << 2)
#define PTE_PWT (1UL << 3)
#define PTE_PCD (1UL << 4)
#define PTE_A (1UL << 5)
#define PTE_D (1UL << 6)
#define PTE_PS (1UL << 7)
#define PTE_PAT (1UL << 7)
#define PTE_G (1UL << 8)
#define PTE_AVAIL (7UL << 9)
#define PTE_NX (1UL << 63)
#define PTE_ADDR 0x000ffffffffff000UL
static inline mfn_t pte_mfn(uint64_t e)
{
	return MFN((e & PTE_ADDR) >> PAGE_SHIFT);
}

/* Processor features that steer the hypervisor, found once at boot. */
extern struct cpu_features {
	bool nx, smep, smap, umip, fsgsbase, xsave, xsaveopt, pge, gb_pages, invariant_tsc;
	uint64_t xcr0_max;
	uint32_t xsave_size;
	uint8_t phys_bits;
} cpu_features;

/*
 * Entry into a guest with the frame of `current`: never returns. Used once a processor, at the
 * end of boot.
 */
__attribute__((noreturn)) void enter_guest(void);
void regs_print(const struct regs *r);
