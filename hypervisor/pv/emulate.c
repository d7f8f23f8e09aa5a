/* SPDX-License-Identifier: MIT */
/*
 * Privileged instructions that a PV guest may use, although it runs in ring 3: each raises #GP(0)
 * there and is done on the guest's behalf, in guest kernel mode only; port I/O and cli/sti also in
 * user mode by IOPL. The others give the guest its #GP. Which are known, and how they answer, is
 * what Xen 4.17 does.
 */
#include "access.h"
#include "console.h"
#include "hypervisor/pv/bounce.h"
#include "hypervisor/pv/decode.h"
#include "hypervisor/pv/root.h"
#include "hypervisor/pv/table.h"

#define CR0_TS      (1UL << 3)
#define CR4_TSD     (1UL << 2)
#define CR4_DE      (1UL << 3)
#define CR4_PAE     (1UL << 5)
#define CR4_MCE     (1UL << 6)
#define CR4_OSFXSR  (1UL << 9)
#define CR4_OSXMM   (1UL << 10)
#define CR4_FSGS    (1UL << 16)
#define CR4_OSXSAVE (1UL << 18)
#define CR4_SHOWN   (CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMM)

uint64_t guest_cr4(uint64_t wanted)
{
	uint64_t mine = CR4_TSD | CR4_DE | (cpu_features.fsgsbase ? CR4_FSGS : 0) |
			(cpu_features.xsave ? CR4_OSXSAVE : 0);

	return (wanted & mine) | CR4_SHOWN;
}

static bool read_cr(struct vcpu *v, unsigned n, uint64_t *val)
{
	switch (n) {
	case 0:
		*val = (read_cr0() & ~CR0_TS) | (v->ts ? CR0_TS : 0);
		return true;
	case 2:
	case 4:
		*val = v->pv.ctrlreg[n];
		return true;
	case 3:
		*val = v->pv.kernel_root.n << PAGE_SHIFT;
		return true;
	default:
		return false;
	}
}

/* mov to cr3. -ERESTART: the instruction has to be executed again. */
static int write_root(struct regs *r, const struct insn *i)
{
	work_begin();
	if (old_table_finish())
		return -ERESTART;
	return root_set_kernel(MFN(*regs_by_number(r, i->rm) >> PAGE_SHIFT));
}

static bool write_cr(struct vcpu *v, unsigned n, uint64_t val)
{
	switch (n) {
	case 0:
		if ((val ^ read_cr0()) & ~CR0_TS)
			return false;
		do_fpu_taskswitch(!!(val & CR0_TS));
		return true;
	case 2:
		v->pv.ctrlreg[2] = val;
		v->info->arch.cr2 = val;
		return true;
	case 4:
		v->pv.ctrlreg[4] = guest_cr4(val);
		cr4_load(v);
		return true;
	default:
		return false;
	}
}

static bool move_control(struct regs *r, const struct insn *i)
{
	uint64_t *gpr = regs_by_number(r, i->rm);
	long val;

	switch (i->opcode & 0xff) {
	case 0x20:
		return read_cr(current, i->reg, gpr);
	case 0x22:
		return write_cr(current, i->reg, *gpr);
	case 0x21:
		val = do_get_debugreg(i->reg);
		/* An errno is no value of a debug register that an address can be in. */
		if (val < 0 && val > -4096)
			return false;
		*gpr = (uint64_t)val;
		return true;
	default:
		return do_set_debugreg(i->reg, *gpr) == 0;
	}
}

static bool move_msr(struct regs *r, bool write)
{
	uint64_t val = (uint32_t)r->rax | r->rdx << 32;

	if (write)
		return msr_write(current, (uint32_t)r->rcx, val);
	if (!msr_read(current, (uint32_t)r->rcx, &val))
		return false;
	r->rax = (uint32_t)val;
	r->rdx = val >> 32;
	return true;
}

static void read_tsc(struct regs *r)
{
	uint64_t tsc = rdtsc();

	r->rax = (uint32_t)tsc;
	r->rdx = tsc >> 32;
}

static bool group_0f01(struct regs *r, const struct insn *i)
{
	uint64_t cr0;

	if (i->mod == 3 && (i->reg & 7) == 4) { /* smsw, which only UMIP makes privileged */
		(void)read_cr(current, 0, &cr0);
		reg_write(regs_by_number(r, i->rm), cr0, i->size);
		return true;
	}
	if (i->mod != 3 || (i->rm & 7) != 1)
		return false;
	if ((i->reg & 7) == 2) /* xsetbv */
		return guest_kernel(current) && !(uint32_t)r->rcx &&
		       fpu_set_xcr0(current, (uint32_t)r->rax | r->rdx << 32) == 0;
	if ((i->reg & 7) == 7) { /* rdtscp */
		read_tsc(r);
		r->rcx = current->pv.tsc_aux;
		return true;
	}
	return false;
}

static void do_cpuid(struct regs *r)
{
	uint32_t out[4];

	cpuid_guest(current, (uint32_t)r->rax, (uint32_t)r->rcx, out);
	r->rax = out[0];
	r->rbx = out[1];
	r->rcx = out[2];
	r->rdx = out[3];
}

static unsigned port_bytes(const struct insn *i)
{
	return i->opcode & 1 ? MIN(i->size, 4) : 1;
}

static bool port_io(struct regs *r, const struct insn *i)
{
	unsigned port = i->opcode < 0xe8 ? (uint8_t)i->imm : (uint16_t)r->rdx,
		 bytes = port_bytes(i);

	if (!port_permitted(current, port, bytes))
		return false;
	if (i->opcode & 2)
		port_write(current->domain, port, bytes, (uint32_t)(r->rax & reg_mask(bytes)));
	else
		reg_write(&r->rax, port_read(current->domain, port, bytes), bytes);
	return true;
}

/*
 * One unit of ins or outs; a repeated one is executed again for the next. A fault on the memory is
 * the guest's.
 */
static bool port_string(struct regs *r, const struct insn *i)
{
	unsigned port = (uint16_t)r->rdx, bytes = port_bytes(i);
	bool out = i->opcode & 2, rep = i->rep || i->repne;
	uint64_t *at = out ? &r->rsi : &r->rdi;
	uint32_t val = 0;
	size_t left;

	if (i->addr32 || i->segment == 0x64 || i->segment == 0x65 ||
	    !port_permitted(current, port, bytes))
		return false;
	if (rep && !r->rcx) {
		insn_retire(r, i->len);
		return true;
	}
	if (out) {
		left = copy_from_guest(&val, (void *)*at, bytes);
		if (!left)
			port_write(current->domain, port, bytes, val);
	} else {
		val = port_read(current->domain, port, bytes);
		left = copy_to_guest((void *)*at, &val, bytes);
	}
	if (left) {
		pv_inject_page_fault(current, out ? 0 : 2, *at + bytes - left);
		return true;
	}
	*at += r->rflags & RF_DF ? -(uint64_t)bytes : bytes;
	if (!rep || !--r->rcx)
		insn_retire(r, i->len);
	return true;
}

/* What only ring 0 may do. */
static bool kernel_only(struct regs *r, const struct insn *i)
{
	if (!guest_kernel(current))
		return false;
	switch (i->opcode) {
	case INSN_0F | 0x06: /* clts */
		do_fpu_taskswitch(0);
		return true;
	case INSN_0F | 0x09: /* wbinvd: nothing to be hidden from where there is no device */
		if (current->domain->iomem.head || current->domain->ioports.head)
			__asm__ volatile("wbinvd" ::: "memory");
		return true;
	case INSN_0F | 0x20 ... INSN_0F | 0x23:
		return move_control(r, i);
	case INSN_0F | 0x30:
		return move_msr(r, true);
	case INSN_0F | 0x32:
		return move_msr(r, false);
	default:
		return false;
	}
}

/* Of opcodes behind 0f, those that stand alone: clts wbinvd, wrmsr rdtsc rdmsr, cpuid. */
static bool is_whole(uint8_t op)
{
	static const uint64_t whole[4] = { 0x0007000000000240, 0, 0x0000000400000000, 0 };

	return whole[op >> 6] >> (op & 63) & 1;
}

/* What may begin one of these: a prefix but REX, 0f, port I/O, cli, sti. */
static bool is_first(uint8_t b)
{
	static const uint64_t first[4] = {
		0x4040404000008000,    /* 0f 26 2e 36 3e */
		0x0000f0f000000000,    /* 64-67 6c-6f */
		0, 0x0c0df0f000000000, /* e4-e7 ec-ef f0 f2 f3 fa fb */
	};

	return first[b >> 6] >> (b & 63) & 1;
}

/*
 * By their first bytes the frequent ones, and most that are none. Where these cannot be read at
 * once, or the code may be none of 64 bits, the decoder looks byte by byte.
 */
static bool recognise(struct insn *i, const struct regs *r)
{
	uint32_t code;

	if (r->cs != FLAT_KERNEL_CS64 || copy_from_guest(&code, (void *)r->rip, sizeof(code)))
		return insn_decode(i, r);
	if ((uint8_t)code == 0x0f && is_whole((uint8_t)(code >> 8))) {
		*i = (struct insn){ .opcode = (uint16_t)(INSN_0F | (code >> 8 & 0xff)), .len = 2 };
		return true;
	}
	if ((code & 0xfcff) == 0x200f) { /* moves of control and debug registers, as decode.c */
		*i = (struct insn){
			.opcode = (uint16_t)(INSN_0F | (code >> 8 & 0xff)),
			.len = 3,
			.size = 4,
			.mod = 3,
			.reg = code >> 19 & 7,
			.rm = code >> 16 & 7,
		};
		return true;
	}
	if ((uint16_t)code == 0x010f && (code >> 16 & 0xc0) != 0xc0)
		return false; /* lgdt and its like, as group_0f01 has it */
	if ((code & 0xf0) == 0x40)
		code >>= 8;
	return ((code & 0xf0) == 0x40 || is_first((uint8_t)code)) && insn_decode(i, r);
}

bool emulate_privileged(struct regs *r)
{
	struct insn i;
	int rc;

	if (!recognise(&i, r) || i.lock)
		return false;
	switch (i.opcode) {
	case 0x6c ... 0x6f:
		return port_string(r, &i);
	case 0xe4 ... 0xe7:
	case 0xec ... 0xef:
		if (!port_io(r, &i))
			return false;
		break;
	case 0xfa:
	case 0xfb:
		/* Without effect: a guest that could clear IF could set it by popf only unseen. */
		if (!iopl_permitted(current))
			return false;
		break;
	case INSN_0F | 0x01:
		if (i.mod == 3 && i.rm == 1 && i.reg == 2 &&
		    !(current->pv.ctrlreg[4] & CR4_OSXSAVE)) {
			pv_inject(current, 6, 0); /* xsetbv */
			return true;
		}
		if (!group_0f01(r, &i))
			return false;
		break;
	case INSN_0F | 0x31:
		read_tsc(r);
		break;
	case INSN_0F | 0xa2:
		do_cpuid(r);
		break;
	default:
		if (i.opcode == (INSN_0F | 0x22) && i.reg == 3 && guest_kernel(current)) {
			rc = write_root(r, &i);
			if (rc == -ERESTART)
				return true;
			if (rc)
				return false;
		} else if (!kernel_only(r, &i)) {
			return false;
		}
	}
	insn_retire(r, i.len);
	return true;
}

/* Bytes at rip cannot be read: the fault of the first, or false where only the two of cpuid are. */
static NOINLINE bool prefix_fault(struct regs *r)
{
	uint8_t code[7];
	size_t left = copy_from_guest(code, (void *)r->rip, sizeof(code));

	if (left > 2)
		pv_inject_page_fault(current, 0, r->rip + sizeof(code) - left);
	/* left == 0: now they can be; once more from the start. */
	return left > 2 || !left;
}

/* 0f 0b 78 65 6e 0f a2: XEN_EMULATE_PREFIX and cpuid (<xen/arch-x86/xen.h>). */
bool emulate_forced(struct regs *r)
{
	const char *at = (const char *)r->rip;
	uint32_t head, tail; /* seven bytes in two words that overlap */

	if (unlikely(!guest_range_ok(at, 7)))
		return prefix_fault(r);
	guest_open();
	guest_load(head, (const guest_u32 *)at, fault);
	guest_load(tail, (const guest_u32 *)(at + 3), fault);
	guest_close();
	if (head != 0x65780b0f || tail != 0xa20f6e65)
		return false;
	do_cpuid(r);
	insn_retire(r, 7);
	return true;
fault:
	guest_close();
	return prefix_fault(r);
}
