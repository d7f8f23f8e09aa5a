/* SPDX-License-Identifier: MIT */
/*
 * Instruction lengths and fields (SDM vol. 2, 2.1-2.2 and appendix A), for the opcodes that the
 * emulations know. The effective address is not computed: where memory is written, the fault has
 * told it.
 */
#include "access.h"
#include "hypervisor/pv/decode.h"
#include "x86.h"

#define LAR_LONG (1u << 21)

static bool code_is_64(const struct regs *r)
{
	uint32_t rights = 0;

	if (r->cs == FLAT_RING3_CS64)
		return true;
	/* The LDT's page may be gone since the selector was loaded. */
	__asm__ volatile("1: lar %1, %0; 2:\n" EXTABLE_ROW(1b, 2b)
			 : "+r"(rights) : "r"((uint32_t)r->cs) : "cc");
	return rights & LAR_LONG;
}

static uint8_t next(struct insn *i)
{
	return i->len < i->have ? i->byte[i->len++] : (i->len = sizeof(i->byte) + 1, 0);
}

static uint8_t prefixes(struct insn *i)
{
	uint8_t b;

	i->size = 4;
	for (;;) {
		b = next(i);
		switch (b) {
		case 0x66:
			i->size = 2;
			break;
		case 0x67:
			i->addr32 = true;
			break;
		case 0xf0:
			i->lock = true;
			break;
		case 0xf2:
			i->repne = true;
			break;
		case 0xf3:
			i->rep = true;
			break;
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0x64:
		case 0x65:
			i->segment = b;
			break;
		default:
			if ((b & 0xf0) != 0x40)
				return b;
			/* REX counts only right before the opcode. */
			i->rex = b;
			b = next(i);
			if ((b & 0xf0) != 0x40 && b != 0x66 && b != 0x67 && (b & 0xfe) != 0xf2 &&
			    b != 0xf0) {
				if (i->rex & 8)
					i->size = 8;
				return b;
			}
			i->rex = 0;
			i->len--;
		}
		if (i->len > sizeof(i->byte))
			return 0;
	}
}

static bool has_modrm(unsigned op)
{
	if (op & INSN_0F) {
		op &= 0xff;
		return op == 0x01 || (op >= 0x20 && op <= 0x23) || op == 0xab || op == 0xb0 ||
		       op == 0xb1 || op == 0xb3 || op == 0xba || op == 0xbb || op == 0xc0 ||
		       op == 0xc1;
	}
	return (op < 0x40 && (op & 7) < 4) || (op >= 0x80 && op <= 0x8b) || op == 0xc6 ||
	       op == 0xc7 || op == 0xf6 || op == 0xf7 || op == 0xfe || op == 0xff;
}

static unsigned imm_bytes(const struct insn *i)
{
	switch (i->opcode) {
	case 0x80:
	case 0x83:
	case 0xc6:
	case 0xcd:
	case 0xe4 ... 0xe7:
	case INSN_0F | 0xba:
		return 1;
	case 0x81:
	case 0xc7:
		return MIN(i->size, 4);
	}
	return 0;
}

static void skip_memory_operand(struct insn *i, unsigned mod, unsigned rm)
{
	unsigned disp = mod == 1 ? 1 : mod == 2 ? 4 : 0;

	if (rm == 4) {
		uint8_t sib = next(i);

		if (mod == 0 && (sib & 7) == 5)
			disp = 4;
	} else if (mod == 0 && rm == 5) {
		disp = 4;
	}
	i->len = (uint8_t)(i->len + disp);
}

bool insn_decode(struct insn *i, const struct regs *r)
{
	unsigned n, k;
	uint8_t modrm;

	__builtin_memset(i, 0, sizeof(*i));
	if (!code_is_64(r))
		return false;
	i->have = (uint8_t)(sizeof(i->byte) -
			    copy_from_guest(i->byte, (void *)r->rip, sizeof(i->byte)));
	i->opcode = prefixes(i);
	if (i->opcode == 0x0f)
		i->opcode = INSN_0F | next(i);
	/* Moves of control and debug registers have no memory form. */
	if (has_modrm(i->opcode)) {
		modrm = next(i);
		i->mod = modrm >> 6;
		if ((i->opcode & ~3u) == (INSN_0F | 0x20))
			i->mod = 3;
		i->reg = (uint8_t)((modrm >> 3 & 7) | (i->rex & 4) << 1);
		i->rm = (uint8_t)((modrm & 7) | (i->rex & 1) << 3);
		if (i->mod != 3)
			skip_memory_operand(i, i->mod, modrm & 7);
	}
	n = imm_bytes(i);
	for (k = 0; k < n; k++)
		i->imm |= (int64_t)((uint64_t)next(i) << k * 8);
	if (n && n < 8)
		i->imm = (int64_t)((uint64_t)i->imm << (64 - n * 8)) >> (64 - n * 8);
	return i->len <= i->have;
}

uint64_t *regs_by_number(struct regs *r, unsigned n)
{
	static const uint8_t at[16] = {
		offsetof(struct regs, rax), offsetof(struct regs, rcx), offsetof(struct regs, rdx),
		offsetof(struct regs, rbx), offsetof(struct regs, rsp), offsetof(struct regs, rbp),
		offsetof(struct regs, rsi), offsetof(struct regs, rdi), offsetof(struct regs, r8),
		offsetof(struct regs, r9),  offsetof(struct regs, r10), offsetof(struct regs, r11),
		offsetof(struct regs, r12), offsetof(struct regs, r13), offsetof(struct regs, r14),
		offsetof(struct regs, r15),
	};

	return (uint64_t *)((char *)r + at[n & 15]);
}
