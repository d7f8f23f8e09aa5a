/* SPDX-License-Identifier: MIT */
/*
 * What the PV kind of domain gives to core and x86. Resolved by the linker; a second kind would
 * stand beside it.
 */
#pragma once

#include "hypercall.h"
#include "frame.h"

/* pv/domain.c */
int pv_domain_init(struct domain *d); /* per-domain slot; -ENOMEM */
void pv_domain_destroy(struct domain *d);
int pv_vcpu_init(struct vcpu *v);
void pv_vcpu_destroy(struct vcpu *v); /* frees what it holds apart from page tables */
/* The end of a domain: roots, GDT and LDT of every vcpu go. -ERESTART. */
int pv_relinquish(struct domain *d);
/* Then of each of its frames, held by the caller: the pin, and what stopped in the middle. */
int pv_relinquish_frame(struct frame *f);
/* setvcpucontext / VCPUOP_initialise: check everything, then take. -EINVAL, -EBUSY..., as Xen. */
int pv_set_context(struct vcpu *v, const struct vcpu_guest_context *c);
void pv_get_context(struct vcpu *v, struct vcpu_guest_context *c);
/*
 * Drops the page tables and descriptors of a vcpu that does not run; it is down then, and wants a
 * context. -ERESTART.
 */
int pv_vcpu_reset(struct vcpu *v);
/* Map what page 14.. of the vcpu's GDT region needs for this cpu; called by the context switch. */
void pv_gdt_attach(struct vcpu *v, struct cpu *c);

/* pv/build.c: dom0 from its ELF image; panics with one clear line when it cannot. */
void pv_build_dom0(const void *kernel, size_t kernel_size, const void *ramdisk, size_t ramdisk_size,
		   const char *cmdline);

/*
 * pv/trap.c: exceptions of a guest, called by entry.S with the full frame in current->regs,
 * interrupts off. They end with the frame changed to what the guest shall see next: retried,
 * emulated, or bounced.
 */
void pv_exception(struct regs *r); /* r->entry is the vector */
void pv_page_fault(struct regs *r, uint64_t cr2);
void pv_int_gate(struct regs *r);     /* INT n through a DPL 3 gate: r->entry = n */
void pv_syscall_user(struct regs *r); /* SYSCALL of guest user mode: to the syscall callback */
/*
 * Let the guest see exception `vector` (bounce frame on its kernel stack); crash it when it has no
 * handler.
 */
void pv_inject(struct vcpu *v, uint8_t vector, uint32_t error);
void pv_inject_page_fault(struct vcpu *v, uint32_t error, uint64_t cr2);
/* On the way out: an unmasked event waits: build the upcall frame to the event callback. */
void pv_upcall(struct vcpu *v);
void pv_deliver_nmi(struct vcpu *v);
void pv_failsafe(struct vcpu *v); /* v's selectors could not be loaded (switch_to): to its failsafe
				     callback */
bool pv_ldt_fault(unsigned long va); /* a page fault at va while a selector was loaded: true when it
					may be tried again */

/*
 * pv/grant.c: a granted frame in the current domain's page tables. `addr` is a linear address, or
 * with _pte or `by_pte` (GNTMAP_contains_pte) the machine address of an L1 entry; the L1 must be
 * the current domain's. All return GNTST_*. map: the caller took a ref on the frame that `pte`
 * names, with TYPE_WRITABLE if it has PTE_W; `pte` has PTE_U and not PTE_G. On success that ref
 * belongs to the entry (which drops it like any other mapping's); otherwise the caller still has
 * it. What the entry mapped before is dropped, the TLB flushed later. unmap: the entry must be
 * `pte` in frame, PTE_P and PTE_W; it becomes 0, or in unmap_replace what the entry of the linear
 * address `new_addr` was, which becomes 0. The entry's ref is the caller's again; he flushes the
 * TLB.
 */
int pv_grant_map(uint64_t addr, uint64_t pte); /* linear */
int pv_grant_map_pte(uint64_t addr, uint64_t pte);
int pv_grant_unmap(uint64_t addr, uint64_t pte); /* linear */
int pv_grant_unmap_replace(uint64_t addr, uint64_t pte, bool by_pte, uint64_t new_addr);

/* pv/foreign.c: processors that may hold translations of d, bit i: processor i. */
uint64_t pv_running_cpus(const struct domain *d, uint64_t vcpus);

/* pv/root.c: fill slots 256-271 of a guest's new L4. */
void pv_l4_init(uint64_t *l4, struct domain *d);

/* x86/cpuid.c: what a PV guest sees for a leaf; emulation and sysctl share it. */
void cpuid_guest(const struct vcpu *v, uint32_t leaf, uint32_t sub, uint32_t out[4]);
