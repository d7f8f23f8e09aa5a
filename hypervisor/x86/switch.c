/* SPDX-License-Identifier: MIT */
/*
 * One vcpu goes, another comes. What the guest's entry uses is pointed at the new vcpu's frame
 * (RSP0, current); what the processor holds for a guest is exchanged: address space, descriptor
 * tables, segments, debug registers, FPU. An idle vcpu has none of these and runs on the
 * hypervisor's own tables.
 */
#include "console.h"
#include "hypercall.h"
#include "local.h"
#include "pv.h"

#define MSR_GS_BASE        0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_TSC_AUX        0xc0000103
#define CR4_TSD            (1u << 2)

bool load_ds(uint16_t sel);
bool load_es(uint16_t sel);
bool load_fs(uint16_t sel);
bool load_gs(uint16_t sel);

/*
 * A guest has these instructions only where it asked for them, and so have we while it is loaded.
 */
void cr4_load(struct vcpu *v)
{
	const uint64_t chosen = CR4_TSD | CR4_FSGSBASE;
	struct cpu *c = this_cpu();
	uint64_t cr4 = (c->cr4 & ~chosen) | (v->pv.ctrlreg[4] & chosen);

	if (cr4 != c->cr4)
		write_cr4(c->cr4 = cr4);
}

void tsc_aux_load(struct vcpu *v)
{
	struct cpu *c = this_cpu();

	/* Where there is no such register, nobody can read it. */
	if (c->tsc_aux != v->pv.tsc_aux)
		(void)wrmsr_safe(MSR_TSC_AUX, c->tsc_aux = v->pv.tsc_aux);
}

uint64_t read_fs_base(void)
{
	uint64_t b;

	if (!has_fsgsbase())
		return rdmsr(MSR_FS_BASE);
	__asm__ volatile("rdfsbase %0" : "=r"(b));
	return b;
}

uint64_t read_gs_base(void)
{
	uint64_t b;

	if (!has_fsgsbase())
		return rdmsr(MSR_GS_BASE);
	__asm__ volatile("rdgsbase %0" : "=r"(b));
	return b;
}

uint64_t read_gs_shadow(void)
{
	return rdmsr(MSR_KERNEL_GS_BASE);
}

void write_gs_base(uint64_t b)
{
	if (has_fsgsbase())
		__asm__ volatile("wrgsbase %0" ::"r"(b));
	else
		wrmsr(MSR_GS_BASE, b);
}

void write_gs_shadow(uint64_t b)
{
	wrmsr(MSR_KERNEL_GS_BASE, b);
}

/*
 * The current base of gs belongs to the mode that runs, the shadow to the other one. A guest that
 * may use WRGSBASE or load selectors changes them without telling, so they are read back.
 */
static void segments_save(struct vcpu *v)
{
	struct pv_vcpu *p = &v->pv;

	__asm__ volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3"
			 : "=m"(p->ds), "=m"(p->es), "=m"(p->fs), "=m"(p->gs));
	p->fs_base = read_fs_base();
	p->gs_base[p->user_mode] = read_gs_base();
	p->gs_base[!p->user_mode] = read_gs_shadow();
}

/*
 * Loading a selector replaces its base, but AMD's processors keep the base under a null one, which
 * would be the last guest's: so the bases follow where the selector is null or refused, or where
 * the base is not the descriptor's (it is 0 then, with the flat ones). The selector of gs goes with
 * user mode's base, though it stays loaded in kernel mode, too.
 */
static NOINLINE void segments_load(struct vcpu *v)
{
	struct pv_vcpu *p = &v->pv;
	bool good_fs, good_gs, good;

	good = load_ds(p->ds);
	good &= load_es(p->es);
	good_fs = load_fs(p->fs);
	good_gs = load_gs(p->gs);
	if (!good_fs || !(p->fs & ~3) || p->fs_base)
		write_fs_base(p->fs_base);
	if (!good_gs || !(p->gs & ~3) || p->gs_base[1])
		write_gs_base(p->gs_base[1]);
	write_gs_shadow(p->gs_base[0]);
	if (!p->user_mode)
		__asm__ volatile("swapgs");
	if (!good || !good_fs || !good_gs)
		pv_failsafe(v);
}

/*
 * 64-bit kernels mostly leave all four selectors null. Where prev has just left them so, next needs
 * no more than those bases that are not the same.
 */
static void segments_exchange(const struct vcpu *prev, struct vcpu *next)
{
	const struct pv_vcpu *from = &prev->pv, *to = &next->pv;

	if (unlikely((from->selectors | to->selectors) || prev->is_idle)) {
		segments_load(next);
		return;
	}
	if (to->fs_base != from->fs_base)
		write_fs_base(to->fs_base);
	if (to->gs_base[to->user_mode] != from->gs_base[from->user_mode])
		write_gs_base(to->gs_base[to->user_mode]);
	if (to->gs_base[!to->user_mode] != from->gs_base[!from->user_mode])
		write_gs_shadow(to->gs_base[!to->user_mode]);
}

/*
 * A guest's root is loaded even when it is the one loaded already: that flushes what mapped its
 * old content.
 */
void switch_root(struct vcpu *v)
{
	struct cpu *c = this_cpu();

	__atomic_and_fetch(&c->work, ~WORK_FLUSH, __ATOMIC_SEQ_CST);
	c->cr3 = v->pv.cr3;
	c->hypercall_limit = v->pv.user_mode ? 0 : perf_limit(v);
	tlb_flushing();
	write_cr3(c->cr3);
}

void ldt_load(struct vcpu *v)
{
	uint64_t *g = this_cpu()->gdt_page + (SEL_LDT & 0xfff) / 8, base = LDT_VIRT(v->id);
	uint32_t limit = v->pv.ldt_entries * 8 - 1;

	if (!v->pv.ldt_entries) {
		__asm__ volatile("lldt %w0" ::"r"(0));
		return;
	}
	g[0] = (limit & 0xffff) | (base & 0xffffff) << 16 | 0x82UL << 40 |
	       (base >> 24 & 0xff) << 56;
	g[1] = base >> 32;
	__asm__ volatile("lldt %w0" ::"r"(SEL_LDT));
}

static void load_descriptors(struct vcpu *v)
{
	struct table_pointer gdt = { 15 * PAGE_SIZE - 1, GDT_VIRT(v->id) };

	__asm__ volatile("lgdt %0" ::"m"(gdt));
	ldt_load(v);
}

static void load_debug(const struct vcpu *v)
{
	const uint64_t *d = v->pv.debugreg;

	__asm__ volatile("mov %0, %%dr0; mov %1, %%dr1; mov %2, %%dr2; mov %3, %%dr3" ::"r"(d[0]),
			 "r"(d[1]), "r"(d[2]), "r"(d[3]));
	__asm__ volatile("mov %0, %%dr7" ::"r"(d[7]));
}

#define DR7_ACTIVE 0xff

/*
 * The guest's state leaves the processor. DR7 is cleared first, lest its breakpoints hit somebody
 * else.
 */
static void leave(struct vcpu *v)
{
	segments_save(v);
	if (v->pv.debugreg[7] & DR7_ACTIVE)
		__asm__ volatile("mov %0, %%dr7" ::"r"(0x400UL));
}

void cpu_set_current(struct cpu *c, struct vcpu *v)
{
	c->vcpu = v;
	c->entry_sp = &v->regs.ss;
}

void switch_to(struct vcpu *prev, struct vcpu *next)
{
	struct cpu *c = this_cpu();

	if (prev == next)
		return;
	if (!prev->is_idle)
		leave(prev);
	cpu_set_current(c, next);
	if (next->is_idle) {
		/* Its roots may go away while it sleeps: run on our own tables. */
		cpu_load_own_gdt(c);
		__asm__ volatile("lldt %w0" ::"r"(0));
		c->cr3 = hyper_l4_mfn.n << PAGE_SHIFT;
		write_cr3(c->cr3);
		WRITE_ONCE(c->flushed, TLB_NONE);
		fpu_switch(prev, next);
		return;
	}
	/* The old table's area is not in the new address space; ours is in every one. */
	cpu_load_own_gdt(c);
	c->tss->rsp0 = (uint64_t)(&next->regs + 1);
	pv_gdt_attach(next, c); /* CR3's load then drops another processor's page 14 */
	switch_root(next);
	load_descriptors(next);
	cr4_load(next);
	tsc_aux_load(next);
	segments_exchange(prev, next);
	if (next->pv.debugreg[7] & DR7_ACTIVE)
		load_debug(next);
	fpu_switch(prev, next);
}

void regs_print(const struct regs *r)
{
	printk(LOG_ERR, "rip %04lx:%016lx rsp %04lx:%016lx rflags %08lx\n", r->cs, r->rip, r->ss,
	       r->rsp, r->rflags);
	printk(LOG_ERR, "rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", r->rax, r->rbx, r->rcx,
	       r->rdx);
	printk(LOG_ERR, "rsi %016lx rdi %016lx rbp %016lx r8  %016lx\n", r->rsi, r->rdi, r->rbp,
	       r->r8);
	printk(LOG_ERR, "r9  %016lx r10 %016lx r11 %016lx r12 %016lx\n", r->r9, r->r10, r->r11,
	       r->r12);
	printk(LOG_ERR, "r13 %016lx r14 %016lx r15 %016lx\n", r->r13, r->r14, r->r15);
}
