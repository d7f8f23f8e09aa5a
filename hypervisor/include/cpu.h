/* SPDX-License-Identifier: MIT */
/*
 * A processor's own area. Only its processor touches the private part; `work` is set by others too
 * (with an IPI) and taken on the way out to the guest.
 */
#pragma once

#include "layout.h"
#include "regs.h"
#include "spinlock.h"

struct vcpu;
struct tss;
struct sched_cpu;
struct timer_cpu;

#define MAX_CPUS 64

/* What must be done before this processor goes back to a guest (struct cpu.work). */
#define WORK_RESCHED (1u << 0) /* call sched_run() */
#define WORK_TIMER (1u << 1) /* call timer_run() */
#define WORK_FLUSH (1u << 2) /* flush this processor's TLB (deferred by tlb_flush_later) */
#define WORK_CRASH (1u << 3) /* the current domain is dying: never return to it */
#define WORK_NMI (1u << 4) /* deliver NMI to the current vcpu */
/* A hypercall's handler has written rax, rcx, r11, cs, ss, rip, entry of the frame itself. */
#define WORK_FRAME (1u << 5)
/* A multicall's entry is to be continued; never seen outside of core/multicall.c. */
#define WORK_ENTRY (1u << 6)

/* Nothing of an operation that began earlier is in use here: quiet_pass() */
#define WORK_QUIET (1u << 7)

/* Processors are to be kicked, see cpu_kick_later */
#define WORK_KICKS (1u << 8)

struct cpu {
	/* Offsets of the first fields are used by entry.S (x86/offsets.h). */
	struct vcpu *vcpu; /* whose frame entry pushes into; an idle vcpu has no guest state */
	uint64_t scratch; /* the syscall stub parks the guest's rsp here */
	void *entry_sp;   /* behind the rsp in that frame: the stub pushes it there */
	/*
	 * Numbers below are hypercalls: NR_HYPERCALLS, CALLS_TIMED (perf.h), or 0 while guest user
	 * mode runs.
	 */
	uint64_t hypercall_limit;
	uint32_t work; /* WORK_*; atomic */
	uint32_t id; /* 0.. */
	uint32_t apic_id;
	int32_t budget; /* units left before a long operation continues later: work_spent() */

	struct vcpu *idle;
	struct vcpu *fpu_owner; /* whose FPU state the registers hold, or NULL */
	struct tss *tss; /* its RSP0 is the end of current's frame */
	uint64_t *gdt_page; /* page 14 of the GDT: flat segments, TSS, LDT */
	mfn_t gdt_mfn;
	uint64_t cr3; /* as loaded */
	uint64_t cr4;
	uint32_t tsc_aux; /* as loaded */
	/*
	 * tlb_clock at its last complete flush of guests' entries; TLB_NONE: it runs on the
	 * hypervisor's own tables and has none. Read by others.
	 */
	uint64_t flushed;
	/* Within a multicall: where hypercall_continue stores instead of the frame. */
	struct multicall_entry *mc;
	uint32_t mc_args; /* how many arguments it stored */

	struct sched_cpu *sched; /* core/sched.c */
	struct timer_cpu *timers; /* core/timer.c */

	/* System time = ((tsc - tsc_base) << tsc_shift) * tsc_mul >> 32, + ns_base (x86/time.c). */
	uint64_t tsc_base, ns_base;
	uint32_t tsc_mul;
	int8_t tsc_shift;

	uint32_t met; /* x86/rendezvous.c: the last call that it followed */
	/* Flushes that others asked for (atomic), and how many of them are done. */
	uint32_t flush_asked, flush_done;
	/* What of: 0, one page (bit 0 is set), or TLB_ALL. Said before it is asked for; atomic. */
	uint64_t flush_what;

	uint32_t ipi_to; /* APIC id + 1 that its ICR names (x86/apic.c); 0: none yet */
	uint32_t looks;  /* x86/cpu.c: how often it waited for something */
	uint64_t kicks; /* processors whose kick is put off */
	bool kicks_held;
};

/* The processor that runs this code: its block is aligned, and every stack lies in it. */
static inline struct cpu *this_cpu(void)
{
	unsigned long sp;

	__asm__("mov %%rsp, %0" : "=r"(sp));
	return (struct cpu *)((sp | (CPU_BLOCK_SIZE - 1)) + 1 - ROUND_UP(sizeof(struct cpu), 64));
}

#define current (this_cpu()->vcpu)
void cpu_set_current(struct cpu *c, struct vcpu *v); /* x86/switch.c */

extern struct cpu *cpus[MAX_CPUS];
extern unsigned nr_cpus; /* those that run */

static inline void cpu_work(struct cpu *c, uint32_t bits)
{
	__atomic_or_fetch(&c->work, bits, __ATOMIC_SEQ_CST);
}

void cpu_kick(struct cpu *c); /* IPI: look at your work; nothing when it is this processor */
/*
 * For who holds a lock: an IPI takes long where the APIC is emulated, and all who want the lock
 * would wait for it. Between the second and the third a kick is put off. Nothing waits for who is
 * kicked meanwhile.
 */
void cpu_kick_later(struct cpu *c); /* on the way out of the hypervisor */
void cpu_kicks_hold(void);
void cpu_kicks_send(void);

/*
 * Long operations: call work_begin() at the start, then work_spent(n) per step; once it is true,
 * save the position in the arguments and return hypercall_continue(). One unit is roughly
 * ten instructions; the budget bounds the time with interrupts off to some tens of microseconds.
 */
#define WORK_BUDGET 20000

static inline void work_begin_on(struct cpu *c)
{
	if (likely(!c->mc)) /* else the multicall's budget is for all of its entries */
		c->budget = WORK_BUDGET;
}
static inline void work_begin(void)
{
	work_begin_on(this_cpu());
}

static inline bool work_spent_on(struct cpu *c, int units)
{
	return (c->budget -= units) < 0;
}
static inline bool work_spent(int units)
{
	return work_spent_on(this_cpu(), units);
}

/*
 * TLB. tlb_flush_later() defers to the way out of the hypervisor and merges. tlb_flush_sync() does
 * now what was deferred; whoever gives a frame a new use (frame_alloc, a new page type) calls it
 * first, because the hypervisor itself would still reach the old frame through a stale entry.
 */
static inline void tlb_flush_page(unsigned long va) /* this processor, now */
{
	__asm__ volatile("invlpg (%0)" ::"r"(va) : "memory");
}
void tlb_flush_local(void);
/*
 * Flush one page, or TLB_ALL, on processors (bit i: cpu i) and wait until they did. No lock may be
 * held that somebody takes with trylock loops; a ticket lock may (its waiters serve).
 */
#define TLB_ALL (~0UL)
void tlb_flush_mask(uint64_t mask, unsigned long va);
static inline void tlb_flush_later(void)
{
	cpu_work(this_cpu(), WORK_FLUSH); /* atomic: others set theirs */
}

/*
 * A guest may keep a stale entry for as long as it likes, so a frame remembers (frame.stamp) the
 * tlb clock of the moment when its last type ref or its last ref went, and whoever gives the
 * frame a new use, a type or an owner, calls tlb_flush_since(stamp). Whatever flushes all of
 * guests' entries of this processor (tlb_flush_local, a load of CR3) calls tlb_flushing() right
 * before.
 *
 * Why a stamp tells. An entry goes from its table, then the clock is read for the stamp
 * (tlb_stamp). Let processor X advance the clock to t and flush. If t > stamp, the stamp was read
 * before X advanced the clock, so the entry was gone from memory before X flushed, and X cannot
 * have loaded it since. That holds because the clock advances before the flush, not behind it: an
 * entry that X loads between the two would else count as flushed.
 */
#define TLB_NONE (~0UL)
extern uint64_t tlb_clock; /* atomic; x86/cpu.c */
static inline void tlb_flushing(void)
{
	this_cpu()->flushed = __atomic_add_fetch(&tlb_clock, 1, __ATOMIC_RELAXED);
}
/*
 * For a frame.stamp: the entries that named the frame are gone. For other processors too, because
 * the caller has just changed frame.state: a locked instruction, behind which no store to a table
 * waits in this processor's buffer any more.
 */
static inline uint64_t tlb_stamp(void)
{
	return READ_ONCE(tlb_clock);
}
void tlb_flush_others_since(uint64_t stamp);
static inline void tlb_flush_since(uint64_t stamp)
{
	if (unlikely(this_cpu()->flushed <= stamp))
		tlb_flush_local();
	if (unlikely(nr_cpus > 1))
		tlb_flush_others_since(stamp);
}
static inline void tlb_flush_sync(void)
{
	if (unlikely(this_cpu()->work & WORK_FLUSH))
		tlb_flush_local();
}
