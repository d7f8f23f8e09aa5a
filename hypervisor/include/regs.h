/* SPDX-License-Identifier: MIT */
/*
 * The register frame of a guest. It lives in struct vcpu, and the processor pushes straight into
 * it: TSS.RSP0 and the syscall stub point at its end while the vcpu runs, so a context switch
 * copies no frame. The order is that of struct cpu_user_regs (<xen/arch-x86/xen-x86_64.h>).
 *
 * A fast hypercall saves only rdi rsi rdx r8-r10, rip, rflags and rsp; rbx, rbp and r12-r15 are
 * still the guest's own and C preserves them. The slow way out completes the frame, entry, cs and
 * ss included, before anything that reads or replaces those: a context switch, an upcall.
 */
#pragma once

#include "types.h"

struct regs {
	uint64_t r15, r14, r13, r12, rbp, rbx;
	uint64_t r11, r10, r9, r8;
	uint64_t rax, rcx, rdx, rsi, rdi;
	uint32_t error_code; /* of the exception; 0 where it has none */
	uint32_t entry; /* vector, or ENTRY_SYSCALL */
	uint64_t rip;
	uint64_t cs;
	uint64_t rflags;
	uint64_t rsp;
	uint64_t ss;
};

#define ENTRY_SYSCALL 0x100

#define RF_CF (1UL << 0)
#define RF_TF (1UL << 8)
#define RF_IF (1UL << 9)
#define RF_DF (1UL << 10)
#define RF_IOPL (3UL << 12)
#define RF_NT (1UL << 14)
#define RF_RF (1UL << 16)
#define RF_VM (1UL << 17)
#define RF_AC (1UL << 18)
#define RF_ID (1UL << 21)
