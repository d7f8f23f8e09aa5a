/* SPDX-License-Identifier: MIT */
/*
 * Every hypercall that a guest, a driver or a toolstack makes: the raw call, then typed wrappers.
 */
#pragma once

#include "guest/types.h"

#include <xen/callback.h>
#include <xen/domctl.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/vcpu.h>
#include <xen/version.h>

/* The page that the domain builder or Xen fills with one 32-byte stub for each number. */
extern char hypercall_page[PAGE_SIZE];

/*
 * The raw calls. Arguments go in rdi, rsi, rdx, r10, r8, and come back clobbered, as rcx and r11
 * do. The number must be a constant, so that the call is direct.
 */
static inline __attribute__((always_inline)) long hypercall5(unsigned int nr, unsigned long a1,
							     unsigned long a2, unsigned long a3,
							     unsigned long a4, unsigned long a5)
{
	register unsigned long r10 __asm__("r10") = a4;
	register unsigned long r8 __asm__("r8") = a5;
	long ret;

	__asm__ volatile("call hypercall_page + %c[number] * 32"
			 : "=a"(ret), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10), "+r"(r8)
			 : [number] "i"(nr)
			 : "rcx", "r11", "memory", "cc");
	return ret;
}

static inline __attribute__((always_inline)) long
hypercall4(unsigned int nr, unsigned long a1, unsigned long a2, unsigned long a3, unsigned long a4)
{
	register unsigned long r10 __asm__("r10") = a4;
	long ret;

	__asm__ volatile("call hypercall_page + %c[number] * 32"
			 : "=a"(ret), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10)
			 : [number] "i"(nr)
			 : "rcx", "r11", "memory", "cc");
	return ret;
}

static inline __attribute__((always_inline)) long hypercall3(unsigned int nr, unsigned long a1,
							     unsigned long a2, unsigned long a3)
{
	long ret;

	__asm__ volatile("call hypercall_page + %c[number] * 32"
			 : "=a"(ret), "+D"(a1), "+S"(a2), "+d"(a3)
			 : [number] "i"(nr)
			 : "rcx", "r11", "memory", "cc");
	return ret;
}

static inline __attribute__((always_inline)) long hypercall2(unsigned int nr, unsigned long a1,
							     unsigned long a2)
{
	long ret;

	__asm__ volatile("call hypercall_page + %c[number] * 32"
			 : "=a"(ret), "+D"(a1), "+S"(a2)
			 : [number] "i"(nr)
			 : "rcx", "r11", "memory", "cc");
	return ret;
}

static inline __attribute__((always_inline)) long hypercall1(unsigned int nr, unsigned long a1)
{
	long ret;

	__asm__ volatile("call hypercall_page + %c[number] * 32"
			 : "=a"(ret), "+D"(a1)
			 : [number] "i"(nr)
			 : "rcx", "r11", "memory", "cc");
	return ret;
}

/*
 * Typed wrappers. All return what Xen returns: 0 or a positive result, or -errno, which in grant
 * and memory batches may hide in each element's own status. Pointers are this domain's virtual
 * addresses.
 */

/* --- CPU ---------------------------------------------------------------- */

static inline long hypercall_set_trap_table(const struct trap_info *table)
{
	return hypercall1(__HYPERVISOR_set_trap_table, (unsigned long)table);
}

static inline long hypercall_set_gdt(const unsigned long *frames, unsigned int entries)
{
	return hypercall2(__HYPERVISOR_set_gdt, (unsigned long)frames, entries);
}

static inline long hypercall_stack_switch(unsigned long ss, unsigned long esp)
{
	return hypercall2(__HYPERVISOR_stack_switch, ss, esp);
}

static inline long hypercall_set_callbacks(unsigned long event, unsigned long failsafe,
					   unsigned long syscall)
{
	return hypercall3(__HYPERVISOR_set_callbacks, event, failsafe, syscall);
}

static inline long hypercall_fpu_taskswitch(bool set)
{
	return hypercall1(__HYPERVISOR_fpu_taskswitch, set);
}

static inline long hypercall_set_debugreg(unsigned int reg, unsigned long value)
{
	return hypercall2(__HYPERVISOR_set_debugreg, reg, value);
}

static inline unsigned long hypercall_get_debugreg(unsigned int reg)
{
	return (unsigned long)hypercall1(__HYPERVISOR_get_debugreg, reg);
}

static inline long hypercall_update_descriptor(uint64_t maddr, uint64_t descriptor)
{
	return hypercall2(__HYPERVISOR_update_descriptor, maddr, descriptor);
}

static inline long hypercall_set_segment_base(unsigned int which, unsigned long base)
{
	return hypercall2(__HYPERVISOR_set_segment_base, which, base);
}

static inline long hypercall_callback_op(unsigned int cmd, const void *arg)
{
	return hypercall2(__HYPERVISOR_callback_op, cmd, (unsigned long)arg);
}

static inline long hypercall_vcpu_op(unsigned int cmd, unsigned int vcpu, void *arg)
{
	return hypercall3(__HYPERVISOR_vcpu_op, cmd, vcpu, (unsigned long)arg);
}

static inline long hypercall_vm_assist(unsigned int cmd, unsigned int type)
{
	return hypercall2(__HYPERVISOR_vm_assist, cmd, type);
}

/* --- Memory ------------------------------------------------------------- */

/* `done` may be NULL; else it is set to how many requests were carried out. */
static inline long hypercall_mmu_update(const struct mmu_update *reqs, unsigned int count,
					unsigned int *done, domid_t domid)
{
	return hypercall4(__HYPERVISOR_mmu_update, (unsigned long)reqs, count, (unsigned long)done,
			  domid);
}

static inline long hypercall_mmuext_op(const struct mmuext_op *ops, unsigned int count,
				       unsigned int *done, domid_t domid)
{
	return hypercall4(__HYPERVISOR_mmuext_op, (unsigned long)ops, count, (unsigned long)done,
			  domid);
}

/* flags: UVMF_* */
static inline long hypercall_update_va_mapping(unsigned long va, uint64_t pte, unsigned long flags)
{
	return hypercall3(__HYPERVISOR_update_va_mapping, va, pte, flags);
}

static inline long hypercall_update_va_mapping_otherdomain(unsigned long va, uint64_t pte,
							   unsigned long flags, domid_t domid)
{
	return hypercall4(__HYPERVISOR_update_va_mapping_otherdomain, va, pte, flags, domid);
}

static inline long hypercall_memory_op(unsigned int cmd, void *arg)
{
	return hypercall2(__HYPERVISOR_memory_op, cmd, (unsigned long)arg);
}

static inline long hypercall_grant_table_op(unsigned int cmd, void *ops, unsigned int count)
{
	return hypercall3(__HYPERVISOR_grant_table_op, cmd, (unsigned long)ops, count);
}

/* --- Events, time, scheduling ------------------------------------------- */

static inline long hypercall_event_channel_op(unsigned int cmd, void *arg)
{
	return hypercall2(__HYPERVISOR_event_channel_op, cmd, (unsigned long)arg);
}

static inline long hypercall_sched_op(unsigned int cmd, void *arg)
{
	return hypercall2(__HYPERVISOR_sched_op, cmd, (unsigned long)arg);
}

/* The page of start_info is for the toolstack. 0 in a new domain, 1 if nothing came of it. */
static inline long hypercall_suspend(struct sched_shutdown *op, mfn_t start_info)
{
	return hypercall3(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (unsigned long)op, start_info.n);
}

/* Absolute system time in ns; 0 stops the timer. */
static inline long hypercall_set_timer_op(ns_t deadline)
{
	return hypercall1(__HYPERVISOR_set_timer_op, deadline);
}

/* --- Information and console -------------------------------------------- */

static inline long hypercall_xen_version(unsigned int cmd, void *arg)
{
	return hypercall2(__HYPERVISOR_xen_version, cmd, (unsigned long)arg);
}

/* cmd: CONSOLEIO_write or CONSOLEIO_read; returns for a read how many bytes came. */
static inline long hypercall_console_io(unsigned int cmd, unsigned int count, void *buf)
{
	return hypercall3(__HYPERVISOR_console_io, cmd, count, (unsigned long)buf);
}

static inline long hypercall_multicall(struct multicall_entry *calls, unsigned int count)
{
	return hypercall2(__HYPERVISOR_multicall, (unsigned long)calls, count);
}

/* --- For privileged domains --------------------------------------------- */

static inline long hypercall_physdev_op(unsigned int cmd, void *arg)
{
	return hypercall2(__HYPERVISOR_physdev_op, cmd, (unsigned long)arg);
}

/* Fills in the interface version. */
static inline long hypercall_domctl(struct xen_domctl *op)
{
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	return hypercall1(__HYPERVISOR_domctl, (unsigned long)op);
}

static inline long hypercall_sysctl(struct xen_sysctl *op)
{
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return hypercall1(__HYPERVISOR_sysctl, (unsigned long)op);
}

static inline long hypercall_platform_op(struct xen_platform_op *op)
{
	op->interface_version = XENPF_INTERFACE_VERSION;
	return hypercall1(__HYPERVISOR_platform_op, (unsigned long)op);
}
