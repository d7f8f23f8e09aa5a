/* SPDX-License-Identifier: MIT */
/*
 * Writable page tables (VMASST_TYPE_writable_pagetables): a guest writes to an L1 that it has
 * mapped read-only as if it were its own memory. The fault is turned into a checked update of the
 * entry. Only L1s, as Xen does it; the address is the fault's, so no operand address has to be
 * computed.
 */
#include "access.h"
#include "console.h"
#include "hypervisor/pv/decode.h"
#include "hypervisor/pv/l1.h"

#define FLAGS_ARITHMETIC 0x8d5UL /* OF SF ZF AF PF CF */

/* dst op= src in the given width, and the flags that the processor makes of it. */
#define ALU_WIDTH(name, width)                                                                     \
	__asm__ volatile(name " %" width "2, %" width "0; pushfq; pop %1"                          \
			 : "+r"(dst), "=r"(flags) : "r"(src) : "cc")
#define ALU(name)                                                                                  \
	do {                                                                                       \
		if (size == 8)                                                                     \
			ALU_WIDTH(name, "q");                                                      \
		else if (size == 4)                                                                \
			ALU_WIDTH(name, "k");                                                      \
		else if (size == 2)                                                                \
			ALU_WIDTH(name, "w");                                                      \
		else                                                                               \
			ALU_WIDTH(name, "b");                                                      \
	} while (0)

/* ops in the order of opcodes 00, 08, ... 38 */
static bool alu(unsigned op, uint64_t *val, uint64_t src, unsigned size, struct regs *r)
{
	uint64_t dst = *val, flags;

	switch (op) {
	case 0:
		ALU("add");
		break;
	case 1:
		ALU("or");
		break;
	case 4:
		ALU("and");
		break;
	case 5:
		ALU("sub");
		break;
	case 6:
		ALU("xor");
		break;
	default:
		return false;
	}
	*val = dst;
	r->rflags = (r->rflags & ~FLAGS_ARITHMETIC) | (flags & FLAGS_ARITHMETIC);
	return true;
}

/* bts, btr, btc: reg field 5, 6, 7. */
static bool bit_op(unsigned which, uint64_t *val, uint64_t bit, unsigned size, struct regs *r)
{
	uint64_t mask = 1UL << (bit & (size * 8 - 1));

	if (which < 5)
		return false;
	r->rflags = (r->rflags & ~RF_CF) | (*val & mask ? RF_CF : 0);
	*val = which == 5 ? *val | mask : which == 6 ? *val & ~mask : *val ^ mask;
	return true;
}

/* What a write leaves in the guest's registers once it has happened. */
struct effect {
	uint64_t *reg; /* receives the old value, or NULL */
	unsigned advance; /* string operation: bytes */
	bool no_write; /* cmpxchg that did not match */
};

static bool compare_exchange(struct regs *r, uint64_t *val, uint64_t src, unsigned size,
			     struct effect *e)
{
	uint64_t old = *val, flags;

	if (size < 4)
		return false;
	if (size == 8)
		__asm__ volatile("cmpq %2, %1; pushfq; pop %0"
				 : "=r"(flags)
				 : "r"(r->rax), "r"(old)
				 : "cc");
	else
		__asm__ volatile("cmpl %k2, %k1; pushfq; pop %0"
				 : "=r"(flags)
				 : "r"(r->rax), "r"(old)
				 : "cc");
	r->rflags = (r->rflags & ~FLAGS_ARITHMETIC) | (flags & FLAGS_ARITHMETIC);
	if ((old ^ r->rax) & reg_mask(size)) {
		e->no_write = true;
		reg_write(&r->rax, old, size);
	} else {
		*val = src;
	}
	return true;
}

static bool string_op(struct regs *r, const struct insn *i, unsigned size, uint64_t *val,
		      struct effect *e)
{
	e->advance = size;
	if (i->segment || i->addr32)
		return false;
	if ((i->opcode & ~1u) == 0xaa)
		*val = r->rax;
	else if (copy_from_guest(val, (void *)r->rsi, size))
		return false;
	return true;
}

/* The operand's new value, from its old one in *val. */
static bool compute(struct regs *r, const struct insn *i, unsigned size, uint64_t *val,
		    struct effect *e)
{
	uint64_t *reg = regs_by_number(r, i->reg);
	unsigned op = i->opcode & 0xff;

	/* Without REX, byte registers 4-7 are ah ch dh bh: nobody writes entries with them. */
	if (size == 1 && !i->rex && i->reg >= 4 && op != 0xc6)
		return false;
	switch (i->opcode) {
	case 0x00 ... 0x01:
	case 0x08 ... 0x09:
	case 0x20 ... 0x21:
	case 0x28 ... 0x29:
	case 0x30 ... 0x31:
		return alu(op >> 3, val, *reg, size, r);
	case 0x80:
	case 0x81:
	case 0x83:
		return alu(i->reg & 7, val, (uint64_t)i->imm, size, r);
	case 0x86:
	case 0x87:
	case INSN_0F | 0xc0:
	case INSN_0F | 0xc1:
		e->reg = reg;
		if (op >= 0xc0)
			return alu(0, val, *reg, size, r);
		*val = *reg;
		return true;
	case 0x88:
	case 0x89:
		*val = *reg;
		return true;
	case 0xc6:
	case 0xc7:
		*val = (uint64_t)i->imm;
		return (i->reg & 7) == 0;
	case 0xa4:
	case 0xa5:
	case 0xaa:
	case 0xab:
		return string_op(r, i, size, val, e);
	case INSN_0F | 0xb0:
	case INSN_0F | 0xb1:
		return compare_exchange(r, val, *reg, size, e);
	case INSN_0F | 0xab:
	case INSN_0F | 0xb3:
	case INSN_0F | 0xbb:
		return bit_op(4 + (op >> 3 & 3), val, *reg, size, r);
	case INSN_0F | 0xba:
		return bit_op(i->reg & 7, val, (uint64_t)i->imm, size, r);
	default:
		return false;
	}
}

/* Writes without reading its operand. */
static bool is_store(const struct insn *i)
{
	unsigned op = i->opcode & ~1u;

	return op == 0x88 || op == 0xc6 || op == 0xaa;
}

static void finish(struct regs *r, const struct insn *i, const struct effect *e, uint64_t old,
		   unsigned size)
{
	uint64_t step = r->rflags & RF_DF ? -(uint64_t)e->advance : e->advance;

	if (e->reg)
		reg_write(e->reg, old, size);
	if (e->advance) {
		r->rdi += step;
		if ((i->opcode & ~1u) == 0xa4)
			r->rsi += step;
		if ((i->rep || i->repne) && --r->rcx)
			return;
	}
	insn_retire(r, i->len);
}

static bool byte_sized(const struct insn *i)
{
	if (i->opcode == 0x83 ||
	    (i->opcode & INSN_0F && (i->opcode & 0xff) != 0xb0 && (i->opcode & 0xff) != 0xc0))
		return false;
	return !(i->opcode & 1);
}

/* The table is locked; the operand lies at `offset` bytes into the entry. */
static bool write_slot(struct regs *r, const struct insn *i, uint64_t *slot, unsigned offset)
{
	unsigned size = byte_sized(i) ? 1 : i->size, shift = offset * 8;
	uint64_t mask = reg_mask(size) << shift, old, seen, val;
	struct domain *d = current->domain;
	struct l1_rules rules = { d, d->id };
	struct regs saved = *r;
	struct effect e;
	int rc;

	if (offset & (size - 1))
		return false;
	do {
		*r = saved;
		e = (struct effect){ 0 };
		seen = READ_ONCE(*slot);
		old = val = (seen & mask) >> shift;
		if (!compute(r, i, size, &val, &e)) {
			*r = saved;
			return false;
		}
		if (e.no_write)
			break;
		rc = l1_entry_replace(slot, seen, (seen & ~mask) | (val << shift & mask), rules);
	} while (rc == -EAGAIN);
	if (!e.no_write && rc) {
		*r = saved;
		return false;
	}
	finish(r, i, &e, old, size);
	return true;
}

bool emulate_table_write(struct regs *r, unsigned long va)
{
	struct domain *d = current->domain;
	struct frame *f;
	struct insn i;
	uint64_t pte;
	bool done;
	mfn_t m;

	if (!walk_kernel_pte(va, &pte) || (pte & (PTE_P | PTE_W)) != PTE_P)
		return false;
	m = pte_mfn(pte);
	if (!mfn_valid(m))
		return false;
	f = mfn_to_frame(m);
	if ((READ_ONCE(f->state) & FRAME_TYPE) != TYPE_L1)
		return false;
	if (!insn_decode(&i, r) || i.mod == 3)
		return false;
	if (!l1_lock(f, d->id))
		return false;
	done = write_slot(r, &i, (uint64_t *)mfn_to_virt(m) + (va & ~PAGE_MASK) / 8, va & 7);
	table_unlock(f);
	return done;
}

/*
 * Device memory that the guest may only read: plain stores, naturally aligned, are done but for the
 * store, as on stock Xen. The hardware domain need not know which pages those are.
 */
bool emulate_lost_write(struct regs *r, unsigned long va)
{
	struct effect e = { 0 };
	uint64_t pte, val = 0;
	struct insn i;
	unsigned size;

	if (!walk_kernel_pte(va, &pte) || (pte & (PTE_P | PTE_W)) != PTE_P ||
	    !msix_protects(pte_mfn(pte)))
		return false;
	if (!insn_decode(&i, r) || i.mod == 3 || !is_store(&i))
		return false;
	size = byte_sized(&i) ? 1 : i.size;
	if (va & (size - 1) || !compute(r, &i, size, &val, &e))
		return false;
	finish(r, &i, &e, 0, size);
	return true;
}
