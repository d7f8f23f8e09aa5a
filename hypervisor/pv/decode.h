/* SPDX-License-Identifier: MIT */
/* One 64-bit instruction at the guest's rip, as far as the emulations need it. */
#pragma once

#include "pv.h"

#define INSN_0F 0x100 /* in insn.opcode: behind a 0f byte */

struct insn {
	uint8_t byte[16]; /* the longest instruction has 15; two words are read faster */
	uint8_t have; /* that could be read */
	uint8_t len;
	uint8_t rex, segment; /* prefix bytes, 0: none */
	uint8_t size; /* of the operand for opcodes with operand size: 2, 4, 8 */
	bool rep, repne, lock, addr32;
	uint16_t opcode;
	uint8_t mod, reg, rm; /* with their REX bits */
	int64_t imm; /* sign-extended */
};

/* False: not 64-bit code, not readable, or no instruction that is known here. */
bool insn_decode(struct insn *i, const struct regs *r);
uint64_t *regs_by_number(struct regs *r,
			 unsigned n); /* 0-15: rax rcx rdx rbx rsp rbp rsi rdi r8.. */

/* The low `size` bytes of a register; a 4-byte write clears the upper half. */
static inline uint64_t reg_mask(unsigned size)
{
	return size == 8 ? ~0UL : (1UL << size * 8) - 1;
}
static inline void reg_write(uint64_t *reg, uint64_t val, unsigned size)
{
	*reg = size == 4 ? (uint32_t)val : (*reg & ~reg_mask(size)) | (val & reg_mask(size));
}

/* trap.c: the instruction is done. Goes on behind it, or into #DB when the guest single-steps. */
void insn_retire(struct regs *r, unsigned len);

/*
 * The emulations. True: the frame says how the guest goes on. False: let the guest have its fault.
 */
bool emulate_privileged(struct regs *r); /* #GP(0) */
bool emulate_forced(struct regs *r); /* #UD at the Xen prefix */
bool emulate_table_write(struct regs *r, unsigned long va); /* a write fault on a read-only page */
bool emulate_lost_write(struct regs *r, unsigned long va); /* on device memory that is protected */

/* msr.c, port.c, pit.c, debugreg.c */
bool msr_read(struct vcpu *v, uint32_t msr, uint64_t *val);
bool msr_write(struct vcpu *v, uint32_t msr, uint64_t val);
bool port_permitted(struct vcpu *v, unsigned port, unsigned bytes); /* by the guest's kernel */
uint32_t port_read(struct domain *d, unsigned port, unsigned bytes);
void port_write(struct domain *d, unsigned port, unsigned bytes, uint32_t val);
bool pit_port(unsigned port); /* one of the timer's that pit_read and pit_write serve */
uint8_t pit_read(unsigned port);
void pit_write(unsigned port, uint8_t val);
bool iopl_permitted(const struct vcpu *v);
uint64_t guest_cr4(uint64_t wanted); /* what CR4 a guest sees that has written this */
