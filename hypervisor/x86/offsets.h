/* SPDX-License-Identifier: MIT */
/*
 * Where assembly finds fields; cpu.c asserts each against the C structures. Also for head.S:
 * addresses.
 */
#pragma once

#define LOAD_PHYS  0x200000 /* physical address of the image's first byte */
#define TRAMPOLINE 0x8000 /* physical: where other processors start (smp.c) */
#define CPU_BLOCK  32768 /* CPU_BLOCK_SIZE */
#define CPU_SIZE   256 /* of struct cpu, rounded up to 64; the main stack begins below it */

#define CPU_CURRENT 0
#define CPU_SCRATCH 8
#define CPU_LIMIT   24
#define CPU_WORK    32
#define CPU_ENTRY_SP 16

#define VCPU_INFO   0
#define VCPU_REGS   8
#define VCPU_R15    8
#define VCPU_R14    16
#define VCPU_R13    24
#define VCPU_R12    32
#define VCPU_RBP    40
#define VCPU_RBX    48
#define VCPU_R11    56
#define VCPU_R10    64
#define VCPU_R9     72
#define VCPU_R8     80
#define VCPU_RAX    88
#define VCPU_RCX    96
#define VCPU_RDX    104
#define VCPU_RSI    112
#define VCPU_RDI    120
#define VCPU_ERROR  128
#define VCPU_ENTRY  132
#define VCPU_RIP    136
#define VCPU_CS     144
#define VCPU_RFLAGS 152
#define VCPU_RSP    160
#define VCPU_SS     168
#define VCPU_CALLS  176
#define NR_CALLS    64 /* NR_HYPERCALLS */
#define CALLS_TIMED 1
#define CALL_IRET   23 /* __HYPERVISOR_iret */
#define VCPU_DOMAIN 696
#define VCPU_CPU    712
#define VCPU_NMI_MASKED 1193
#define VCPU_EVENT  1280 /* pv.event_callback */
#define VCPU_TRAP   1336 /* pv.trap, 16 bytes a row */
#define TRAP_FLAGS  10
#define VCPU_CR2    5448 /* pv.ctrlreg[2] */
#define DOMAIN_ASSIST 1624 /* pv.vm_assist */
#define INFO_CR2    16

/* struct iret_context */
#define IRET_R11    8
#define IRET_RCX    16
#define IRET_FLAGS  24
#define IRET_RIP    32
#define IRET_CS     40
#define IRET_RFLAGS 48
#define IRET_RSP    56
#define IRET_SS     64

/* Of struct regs, from its start. */
#define REGS_CS   (VCPU_CS - VCPU_REGS)
#define REGS_RFLAGS (VCPU_RFLAGS - VCPU_REGS)
#define REGS_SIZE (VCPU_SS + 8 - VCPU_REGS)

#define FRAME_ENTRY_SYSCALL 0x100 /* ENTRY_SYSCALL */
#define CPU_WORK_FRAME      0x20 /* WORK_FRAME */
#define RFLAGS_VM           0x20000 /* RF_VM */
#define RFLAGS_IF           0x200
#define RFLAGS_IOPL         0x3000
#define CLEARED_ON_ENTRY    0x74100 /* SDM vol. 3, 6.12.1: VM RF NT TF; AC for a kernel's sake */
#define ASSIST_IOPL         0x10 /* VMASST_TYPE_architectural_iopl */
#define IN_SYSCALL          0x100 /* VGCF_in_syscall */
#define GATE_MASKS          4 /* events, in trap_gate.flags */
#define PF_PRESENT          1 /* SDM vol. 3, 4.7 */
#define PF_USER             4

/* The flat selectors of <xen/arch-x86/xen-x86_64.h>. */
#define RING3_CS32 0xe023
#define RING3_CS64 0xe033
#define RING3_SS   0xe02b
#define KERNEL_CS  0xe030 /* of guest kernel, as a bounce frame tells it from user */

/* A row of the exception table: a fault at `at` continues at `to`. */
#define EXTABLE(at, to) \
	.pushsection .extable, "a"; .balign 4; .long at - ., to - .; .popsection
