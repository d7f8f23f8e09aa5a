/* SPDX-License-Identifier: MIT */
/*
 * What belongs to one vcpu; between the files that make up scheduling, timers and events. Its
 * address is the vcpu's %gs base, so one instruction reads or writes a field, and no preemption in
 * between can make it another vcpu's. Everything longer runs with upcalls masked.
 *
 * Order of the locks: `lock` before `timer_lock`; of two vcpus' never both, but in timers_take.
 */
#pragma once

#include "guest/clock.h"
#include "guest/cpu_offsets.h"
#include "guest/evtchn.h"
#include "guest/spinlock.h"
#include "guest/thread.h"
#include "guest/vcpu.h"

#define RUN_FRESH   1 /* it began since the last tick */
#define RUN_WATCHED 2 /* before `share` was started */
#define RUN_LONG    4 /* and still ran when that fired */

struct cpu {
	struct vcpu_info info; /* registered with Xen */
	struct cpu *self;

	/* Only this vcpu writes these. */
	struct thread *current;
	unsigned int id;
	bool idle; /* blocked in Xen: an upcall need not save vector registers. In entry.S */
	uint8_t run;	   /* RUN_*, of current */
	bool need_resched; /* looked at on the way out of upcalls */
	struct thread *prev; /* who is being switched away from; lock is held meanwhile */
	bool prev_moves;     /* it may not stay on this vcpu */
	void *tls;	     /* what %fs holds */
	struct clock_timer tick, share;
	unsigned int share_taken; /* `taken` when those are gone who waited as `share` started */

	/* Guards the queue, and of every thread whose `cpu` this is what thread.h says. */
	struct spinlock lock;
	struct list ready;
	unsigned int ready_count; /* others look without the lock, as a hint */
	unsigned int taken;	  /* off the queue, since the start */
	bool stopping;		  /* takes no thread, goes down */

	struct thread idle_thread;

	struct spinlock timer_lock;
	struct list timers;	    /* timer_lock; by deadline */
	ns_t programmed;	    /* timer_lock; NS_FOREVER: Xen's timer is not set */
	struct clock_timer *firing; /* written by this vcpu; others wait for it to change */

	unsigned long ports[EVTCHN_2L_NR_CHANNELS / 64]; /* that this vcpu serves; atomic */
	unsigned long home[EVTCHN_2L_NR_CHANNELS / 64];	 /* and would, if it was online; evtchn.c */
	evtchn_port_t serving; /* written by this vcpu; others wait for it to change */
	unsigned int next_word;
	uint64_t served;

	evtchn_port_t call_port, kick_port; /* 0: none yet */
	const struct spinlock *waiting_for; /* kick_port is polled for it */
	struct spin_stats spin;
} ALIGNED(64);

/* By number; NULL where there is none. Entries come before vcpu_count counts them, and stay. */
extern struct cpu *cpus[VCPUS_MAX];

/* The calling vcpu's; masked, or a hint. Never kept over a switch. */
static inline struct cpu *cpu_self(void)
{
	struct cpu *cpu;

	__asm__ volatile("movq %%gs:%c1, %0" : "=r"(cpu) : "i"(CPU_SELF));
	return cpu;
}

#define for_each_cpu(cpu, n) \
	for ((n) = 0; (n) < vcpu_count() && ((cpu) = cpus[n]); (n)++)

/* In a loop that waits for another vcpu to finish a few instructions, which may take it long. */
void cpu_relax(void);

/* --- sched.c ------------------------------------------------------------ */

/* A vcpu's queue and idle thread, before it runs. */
void sched_init_cpu(struct cpu *cpu, void *idle_stack, size_t size);

/* Makes a thread runnable, where it was last or somewhere better. Masked; releases from->lock. */
void sched_place(struct cpu *from, struct thread *thread);

/* Takes the lock of the vcpu that a thread belongs to. Masked. */
struct cpu *sched_lock(struct thread *thread);

/*
 * Give the processor away, staying runnable or not, as a function call, or in the middle of
 * anything (vector registers are kept). All masked. sched_leave is called with the vcpu's lock
 * held and the state set, and returns without the lock, perhaps on another vcpu.
 */
void sched_yield_cpu(void);
void sched_leave(void);
void sched_preempt(void);

/* The second half of every switch, in the thread that was switched to. */
void sched_tail(void);

/* What an idle thread does: masked, for good. */
NORETURN void sched_idle(void);

/* Another vcpu shall look at its queue, and whether its thread may stay: the event's two ends. */
void sched_poke(struct cpu *cpu);
void sched_called(evtchn_port_t port, void *cpu);

/* Off a queue, whose lock is held: the first thread (NULL: none), or a certain one. */
struct thread *sched_pull(struct cpu *cpu);
void sched_unqueue(struct cpu *cpu, struct thread *thread);

/* --- thread.c ----------------------------------------------------------- */

void thread_init(struct thread *thread, const char *name);
void *stack_alloc(size_t size);

/* Its stack is not in use any more. Masked. */
void thread_bury(struct thread *thread);

/* --- timer.c, evtchn.c -------------------------------------------------- */

void timers_init_cpu(struct cpu *cpu);
int timers_bind(struct cpu *cpu);
/* On vcpu 0: the timers of one that is down fire here from now on. */
void timers_take(struct cpu *from);

/* The ports of a vcpu that is offline from now on, or no more. */
void evtchn_leave(struct cpu *cpu);
void evtchn_return(struct cpu *cpu);

/* Xen's timer, which nobody set while the vcpu was down. Masked, on that vcpu. */
void timers_resume(struct cpu *cpu);

/* Ports for one vcpu, of its own. */
int evtchn_bind_virq_on(struct cpu *cpu, unsigned int virq, evtchn_handler_t fn, void *arg);
int evtchn_bind_ipi(struct cpu *cpu, evtchn_handler_t fn, void *arg);
