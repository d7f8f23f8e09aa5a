/* SPDX-License-Identifier: MIT */
/* The hypercalls (core/hypercall.c holds the table) and their continuation. */
#pragma once

#include "vcpu.h"

#define NR_HYPERCALLS 64

struct xen_sysctl;
struct xen_platform_op;

typedef long (*hypercall_fn)(unsigned long, unsigned long, unsigned long, unsigned long,
			     unsigned long, unsigned long);
/*
 * Indexed by rax; entry.S bounds and clamps the number. Absent rows are hypercall_absent (-ENOSYS).
 */
extern const hypercall_fn hypercall_table[NR_HYPERCALLS];

/*
 * A long operation stopped with its progress in the arguments: the guest executes the hypercall
 * again (or the multicall its entry), after whatever waited had its turn. n arguments follow.
 * Return its result.
 */
long hypercall_continue(unsigned op, unsigned n, ...);

/* Writes a hypercall page: at 32 * n the code that a guest kernel calls for number n. */
void hypercall_page_fill(void *page);

long do_multicall(struct multicall_entry *calls, unsigned long n);
long do_xen_version(int cmd, void *arg);
long do_vm_assist(unsigned cmd, unsigned type);
long do_domctl(xen_domctl_t *u);
long do_sysctl(struct xen_sysctl *u);
long do_platform_op(struct xen_platform_op *u);
long do_sched_op_compat(int cmd, unsigned long arg);

/* pv/ */
long do_set_trap_table(const struct trap_info *traps);
long do_mmu_update(mmu_update_t *reqs, unsigned count, unsigned *done, unsigned foreigndom);
long do_mmuext_op(struct mmuext_op *ops, unsigned count, unsigned *done, unsigned foreigndom);
long do_update_va_mapping(unsigned long va, uint64_t val, unsigned long flags);
long do_update_va_mapping_otherdomain(unsigned long va, uint64_t val, unsigned long flags,
				      domid_t dom);
long do_set_gdt(const xen_ulong_t *frames, unsigned entries);
long do_stack_switch(unsigned long ss, unsigned long sp);
long do_set_callbacks(unsigned long event, unsigned long failsafe, unsigned long syscall);
long do_callback_op(int cmd, const void *arg);
long do_fpu_taskswitch(int set);
long do_set_debugreg(int reg, unsigned long val);
long do_get_debugreg(int reg);
long do_update_descriptor(uint64_t maddr, uint64_t desc);
long do_set_segment_base(unsigned which, unsigned long base);
long do_iret(void);
long do_nmi_op(unsigned cmd, void *arg);
