/* SPDX-License-Identifier: MIT */
/*
 * A processor's own state: its block (layout.h), descriptor tables, control registers and MSRs,
 * and the requests that other processors make of it. The features that steer the hypervisor are
 * found here.
 */
#include "console.h"
#include "hypercall.h"
#include "lib/string.h"
#include "local.h"
#include "offsets.h"
#include "param.h"

#define CHECK(constant, type, field) _Static_assert(constant == offsetof(type, field), "offsets.h")
CHECK(CPU_CURRENT, struct cpu, vcpu);
CHECK(CPU_SCRATCH, struct cpu, scratch);
CHECK(CPU_ENTRY_SP, struct cpu, entry_sp);
CHECK(CPU_LIMIT, struct cpu, hypercall_limit);
CHECK(CPU_WORK, struct cpu, work);
CHECK(VCPU_INFO, struct vcpu, info);
CHECK(VCPU_R15, struct vcpu, regs.r15);
CHECK(VCPU_RBX, struct vcpu, regs.rbx);
CHECK(VCPU_RAX, struct vcpu, regs.rax);
CHECK(VCPU_RDI, struct vcpu, regs.rdi);
CHECK(VCPU_ENTRY, struct vcpu, regs.entry);
CHECK(VCPU_RIP, struct vcpu, regs.rip);
CHECK(VCPU_SS, struct vcpu, regs.ss);
CHECK(VCPU_CALLS, struct vcpu, calls);
CHECK(VCPU_DOMAIN, struct vcpu, domain);
CHECK(VCPU_CPU, struct vcpu, cpu);
CHECK(VCPU_NMI_MASKED, struct vcpu, nmi_masked);
CHECK(VCPU_EVENT, struct vcpu, pv.event_callback);
CHECK(VCPU_TRAP, struct vcpu, pv.trap);
CHECK(TRAP_FLAGS, struct trap_gate, flags);
CHECK(VCPU_CR2, struct vcpu, pv.ctrlreg[2]);
CHECK(DOMAIN_ASSIST, struct domain, pv.vm_assist);
CHECK(INFO_CR2, struct vcpu_info, arch.cr2);
CHECK(IRET_CS, struct iret_context, cs);
CHECK(IRET_SS, struct iret_context, ss);
_Static_assert(sizeof(struct trap_gate) == 16, "direct.S");
_Static_assert(CPU_SIZE == ROUND_UP(sizeof(struct cpu), 64), "offsets.h");
_Static_assert(CPU_BLOCK == CPU_BLOCK_SIZE, "offsets.h");
_Static_assert(NR_CALLS == NR_HYPERCALLS && CALL_IRET == __HYPERVISOR_iret, "offsets.h");
_Static_assert((VCPU_SS + 8) % 16 == 0, "the processor aligns the stack that it pushes a frame on");
_Static_assert(CPU_WORK_FRAME == WORK_FRAME && FRAME_ENTRY_SYSCALL == ENTRY_SYSCALL, "offsets.h");
_Static_assert(RFLAGS_VM == RF_VM && RFLAGS_IF == RF_IF && RFLAGS_IOPL == RF_IOPL, "offsets.h");
_Static_assert(CLEARED_ON_ENTRY == (RF_AC | RF_VM | RF_RF | RF_NT | RF_TF), "offsets.h");
_Static_assert(ASSIST_IOPL == 1 << VMASST_TYPE_architectural_iopl, "offsets.h");
_Static_assert(IN_SYSCALL == VGCF_in_syscall, "offsets.h");
_Static_assert(RING3_CS64 == FLAT_KERNEL_CS64 && RING3_SS == FLAT_KERNEL_SS64, "offsets.h");

#define MSR_EFER           0xc0000080
#define MSR_STAR           0xc0000081
#define MSR_LSTAR          0xc0000082
#define MSR_CSTAR          0xc0000083
#define MSR_SFMASK         0xc0000084
#define MSR_SYSENTER_CS    0x174
#define MSR_PAT            0x277
#define EFER_SCE           (1u << 0)
#define EFER_NXE           (1u << 11)
#define CR4_PGE            (1u << 7)
#define CR4_OSFXSR         (1u << 9)
#define CR4_OSXMMEXCPT     (1u << 10)
#define CR4_UMIP           (1u << 11)
#define CR4_OSXSAVE        (1u << 18)
#define CR4_SMEP           (1u << 20)
#define CR4_SMAP           (1u << 21)
#define CR4_DE             (1u << 3)
#define CR4_PAE            (1u << 5)
#define CR4_MCE            (1u << 6)
#define TCG_LOOKS          16

struct cpu *cpus[MAX_CPUS];
unsigned nr_cpus;
uint64_t tlb_clock;
struct cpu_features cpu_features;

static bool opt_smep = true, opt_umip = true;
static char *opt_smap;
static uint64_t opt_maxcpus = MAX_CPUS;
PARAM(maxcpus, PARAM_UINT, &opt_maxcpus,
      "processors to use at most");
PARAM(smep, PARAM_BOOL, &opt_smep, "supervisor mode execution prevention");
PARAM(smap, PARAM_STRING, &opt_smap,
      "yes or no: supervisor mode access prevention; off under QEMU's TCG");
PARAM(umip, PARAM_BOOL, &opt_umip, "user mode instruction prevention");

static uint32_t looks_between_pauses; /* a power of two less one */
static struct tss cpu0_tss;
static uint64_t cpu0_gdt[512] ALIGNED(PAGE_SIZE);

static bool smap_wanted(void)
{
	if (opt_smap &&
	    (!strcmp(opt_smap, "yes") || !strcmp(opt_smap, "1") || !strcmp(opt_smap, "on")))
		return true;
	/* QEMU 7.2's TCG page-faults on an iretq in ring 3 while CR4.SMAP is set. */
	return !opt_smap && !hypervisor_is_tcg();
}

void features_find(void)
{
	struct cpu_features *f = &cpu_features;
	uint32_t r[4], max, ext;

	cpuid(0, 0, r);
	max = r[0];
	cpuid(0x80000000, 0, r);
	ext = r[0];
	cpuid(1, 0, r);
	f->pge = r[3] >> 13 & 1;
	f->xsave = r[2] >> 26 & 1;
	if (max >= 7) {
		cpuid(7, 0, r);
		f->fsgsbase = r[1] & 1;
		f->smep = (r[1] >> 7 & 1) && opt_smep;
		f->smap = (r[1] >> 20 & 1) && smap_wanted();
		f->umip = (r[2] >> 2 & 1) && opt_umip;
	}
	cpuid(0x80000001, 0, r);
	f->nx = r[3] >> 20 & 1;
	f->gb_pages = r[3] >> 26 & 1;
	if (ext >= 0x80000007) {
		cpuid(0x80000007, 0, r);
		f->invariant_tsc = r[3] >> 8 & 1;
	}
	f->phys_bits = 36;
	if (ext >= 0x80000008) {
		cpuid(0x80000008, 0, r);
		f->phys_bits = (uint8_t)r[0];
	}
}

/* stac and clac stand as no-ops in the code until it is known that the processor has them. */
static void patch_smap(void)
{
	extern struct {
		int32_t at;
		uint32_t set;
	} smap_sites_start[], smap_sites_end[];
	typeof(smap_sites_start[0]) *s;
	uint8_t *code;

	for (s = smap_sites_start; s < smap_sites_end; s++) {
		code = (uint8_t *)&s->at + s->at;
		code[1] = 0x01;
		code[2] = s->set ? 0xcb : 0xca;
	}
}

static uint64_t control_bits(void)
{
	const struct cpu_features *f = &cpu_features;
	uint64_t cr4 = CR4_PAE | CR4_DE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT;

	cr4 |= (f->pge ? CR4_PGE : 0) | (f->umip ? CR4_UMIP : 0);
	cr4 |= (f->smep ? CR4_SMEP : 0) | (f->smap ? CR4_SMAP : 0) | (f->xsave ? CR4_OSXSAVE : 0);
	return cr4;
}

static uint64_t system_segment(uint64_t base, uint32_t limit, uint8_t type)
{
	return (limit & 0xffff) | (base & 0xffffff) << 16 | (uint64_t)(0x80 | type) << 40 |
	       (uint64_t)(limit >> 16 & 0xf) << 48 | (base >> 24 & 0xff) << 56;
}

/*
 * The flat segments where <xen/arch-x86/xen-x86_64.h> has them. Their accessed bits are set, so
 * that the processor never writes to the table.
 */
#define GDT_SLOT(sel) (((sel)&0xfff) / 8)

static void make_gdt(struct cpu *c)
{
	uint64_t *g = c->gdt_page, tss = (uint64_t)c->tss;

	g[GDT_SLOT(SEL_HYPER_CS)] = 0x00af9b000000ffff;
	g[GDT_SLOT(SEL_HYPER_DS)] = 0x00cf93000000ffff;
	g[GDT_SLOT(RING3_CS32)] = 0x00cffb000000ffff;
	g[GDT_SLOT(RING3_SS)] = 0x00cff3000000ffff;
	g[GDT_SLOT(RING3_CS64)] = 0x00affb000000ffff;
	g[GDT_SLOT(SEL_TSS)] = system_segment(tss, sizeof(struct tss) - 1, 9);
	g[GDT_SLOT(SEL_TSS) + 1] = tss >> 32;
}

/*
 * As page 14 of a table whose other pages are whatever lies in front of it: no selector of ours
 * points there, and no guest runs with it.
 */
void cpu_load_own_gdt(struct cpu *c)
{
	struct table_pointer p = { 15 * PAGE_SIZE - 1, (uint64_t)c->gdt_page - 14 * PAGE_SIZE };

	__asm__ volatile("lgdt %0" ::"m"(p));
}

static void load_segments(void)
{
	__asm__ volatile("push %0; lea 1f(%%rip), %%rax; push %%rax; lretq; 1:\n"
			 "mov %1, %%ss; mov %2, %%ds; mov %2, %%es; mov %2, %%fs; mov %2, %%gs"
			 ::"i"(SEL_HYPER_CS), "r"(SEL_HYPER_DS), "r"(0) : "rax", "memory");
}

static void load_tss(struct cpu *c)
{
	uint64_t block = CPUS_VIRT + c->id * CPU_BLOCK_SIZE;

	c->tss->rsp0 = (uint64_t)c; /* a vcpu's frame as soon as one runs */
	c->tss->ist[IST_NMI - 1] = block + 3 * PAGE_SIZE;
	c->tss->ist[IST_DB - 1] = block + 5 * PAGE_SIZE;
	c->tss->iobitmap =
		sizeof(struct tss); /* none: every port access of a guest is ours to permit */
	__asm__ volatile("ltr %w0" ::"r"(SEL_TSS));
}

/*
 * sysret takes CS from STAR[63:48] + 16 and SS from + 8 (SDM vol. 3, 5.8.8). SFMASK clears what a
 * guest's flags must not do to our entry: trap, interrupt, walk backwards, open SMAP; and
 * VM, which only QEMU lets it have (traps.c). SYSENTER's CS is null, which makes the instruction
 * fault.
 */
static void set_msrs(unsigned id)
{
	uint64_t stub = CPUS_VIRT + id * CPU_BLOCK_SIZE;
	uint64_t rings = (uint64_t)RING3_CS32 << 48 | (uint64_t)SEL_HYPER_CS << 32;

	wrmsr(MSR_STAR, rings);
	wrmsr(MSR_LSTAR, stub);
	wrmsr(MSR_CSTAR, stub + (uint64_t)(syscall_stub_compat - syscall_stub));
	wrmsr(MSR_SFMASK, RF_TF | RF_IF | RF_DF | RF_IOPL | RF_NT | RF_RF | RF_VM | RF_AC);
	wrmsr(MSR_SYSENTER_CS, 0);
	wrmsr(MSR_PAT, PAT_XEN);
}

/* Into the first page of a processor's block, where the table of hypercalls goes along. */
void syscall_stub_copy(void *page)
{
	char *table = (char *)page + (syscall_stub_table - syscall_stub);

	memcpy(page, syscall_stub, (size_t)(syscall_stub_end - syscall_stub));
	memcpy(table, hypercall_table, sizeof(hypercall_table));
}

void cpu_init(struct cpu *c)
{
	c->hypercall_limit = NR_HYPERCALLS;
	make_gdt(c);
	cpu_load_own_gdt(c);
	load_segments();
	load_tss(c);
	idt_load();
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE | (cpu_features.nx ? EFER_NXE : 0));
	c->cr4 = control_bits();
	write_cr4(c->cr4);
	set_msrs(c->id);
}

unsigned cpus_max(void)
{
	return (unsigned)MAX(MIN(opt_maxcpus, (uint64_t)MAX_CPUS), 1UL);
}

void cpu_init_boot(void)
{
	struct cpu *c = cpu_of_block(0);

	if (cpu_features.smap)
		patch_smap();
	if (hypervisor_is_tcg())
		looks_between_pauses = TCG_LOOKS - 1;
	/* While the block's first page is still writable. */
	syscall_stub_copy((void *)CPUS_VIRT);
	c->tss = &cpu0_tss;
	c->gdt_page = cpu0_gdt;
	c->gdt_mfn = MFN(((uint64_t)cpu0_gdt - IMAGE_VIRT + LOAD_PHYS) >> PAGE_SHIFT);
	cpus[0] = c;
	nr_cpus = 1;
	idt_init();
	cpu_init(c);
}

void cpu_kick(struct cpu *c)
{
	struct cpu *me = this_cpu();

	if (c == me)
		return;
	if (me->kicks_held)
		me->kicks |= BIT(c->id);
	else
		apic_ipi(c->apic_id, VECTOR_KICK);
}

void cpu_kick_later(struct cpu *c)
{
	struct cpu *me = this_cpu();

	if (c != me) {
		me->kicks |= BIT(c->id);
		cpu_work(me, WORK_KICKS);
	}
}

void cpu_kicks_hold(void)
{
	this_cpu()->kicks_held = true;
}

void cpu_kicks_send(void)
{
	struct cpu *me = this_cpu();

	me->kicks_held = false;
	for (; me->kicks; me->kicks &= me->kicks - 1)
		apic_ipi(cpus[bits_lowest(me->kicks)]->apic_id, VECTOR_KICK);
}

/*
 * Whoever asks says what (two different pages become all), adds to flush_asked and sends an
 * interrupt if nothing was outstanding; so `done` is stored before `asked` is read again, in that
 * order for all (a locked store). `what` is taken after `asked` was read: it has all that those
 * said who are in that number, and if it is 0 they were served in the round before.
 */
static void serve_flushes(struct cpu *c)
{
	uint32_t asked;
	uint64_t what;

	while ((asked = __atomic_load_n(&c->flush_asked, __ATOMIC_SEQ_CST)) != c->flush_done) {
		what = __atomic_exchange_n(&c->flush_what, 0, __ATOMIC_SEQ_CST);
		if (what == TLB_ALL && c->flushed != TLB_NONE) {
			tlb_flushing();
			write_cr3(read_cr3());
		} else if (what && what != TLB_ALL) {
			tlb_flush_page(what);
		}
		__atomic_store_n(&c->flush_done, asked, __ATOMIC_SEQ_CST);
	}
}

static void ask_flush(struct cpu *c, uint64_t what)
{
	uint64_t old = READ_ONCE(c->flush_what);

	while (!__atomic_compare_exchange_n(&c->flush_what, &old,
					    !old || old == what ? what : TLB_ALL, false,
					    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
}

/*
 * PAUSE tells the processor's other thread to go ahead. QEMU's TCG leaves the guest's code for it
 * and takes the emulator's lock, for which those wait then who have something to do; so it comes
 * there now and then only, for a QEMU that has one thread for all processors.
 */
void tlb_serve(void)
{
	struct cpu *c = this_cpu();

	if (!(++c->looks & looks_between_pauses))
		__asm__ volatile("pause");
	if (READ_ONCE(c->flush_asked) != c->flush_done)
		serve_flushes(c);
}

void cpu_serve(void)
{
	tlb_serve();
	if (unlikely(READ_ONCE(rendezvous_round) & 1))
		rendezvous_join(false);
}

void cpu_serve_interrupt(void)
{
	tlb_serve();
	rendezvous_join(true);
}

void tlb_flush_local(void)
{
	__atomic_and_fetch(&this_cpu()->work, ~WORK_FLUSH, __ATOMIC_SEQ_CST);
	tlb_flushing();
	write_cr3(read_cr3());
}

/*
 * All at once, then wait for each. A flush that is asked for while another is under way there is
 * done with it or right after it.
 */
static void flush_others(uint64_t mask, uint64_t what)
{
	uint32_t ticket[MAX_CPUS];
	struct cpu *c;
	unsigned i;

	for (i = 0; i < nr_cpus; i++) {
		if (!(mask >> i & 1))
			continue;
		c = cpus[i];
		ask_flush(c, what);
		ticket[i] = __atomic_add_fetch(&c->flush_asked, 1, __ATOMIC_SEQ_CST);
		if (READ_ONCE(c->flush_done) == ticket[i] - 1)
			apic_ipi(c->apic_id, VECTOR_FLUSH);
	}
	for (i = 0; i < nr_cpus; i++)
		while ((mask >> i & 1) &&
		       (int32_t)(__atomic_load_n(&cpus[i]->flush_done, __ATOMIC_ACQUIRE) -
				 ticket[i]) < 0)
			cpu_serve();
}

void tlb_flush_others_since(uint64_t stamp)
{
	uint64_t mask = 0;
	unsigned i;

	for (i = 0; i < nr_cpus; i++)
		if (cpus[i] != this_cpu() && READ_ONCE(cpus[i]->flushed) <= stamp)
			mask |= BIT(i);
	if (mask)
		flush_others(mask, TLB_ALL);
}

void tlb_flush_mask(uint64_t mask, unsigned long va)
{
	struct cpu *me = this_cpu();

	if (mask & ~BIT(me->id))
		flush_others(mask & ~BIT(me->id), va == TLB_ALL ? va : (va & PAGE_MASK) | 1);
	if (!(mask >> me->id & 1))
		return;
	if (va == TLB_ALL)
		tlb_flush_local();
	else
		tlb_flush_page(va);
}
