/* SPDX-License-Identifier: MIT */
/* A virtual processor. Its register frame comes early: the processor pushes into it. */
#pragma once

#include "domain.h"
#include "perf.h"
#include "sched.h"
#include <xen/vcpu.h>

struct trap_gate {
	uint64_t address;
	uint16_t cs;
	uint8_t flags; /* TI_* : DPL in bits 0-1, bit 2 masks events on entry */
	bool set;
};

/* The last answer of pv/walk.h. */
struct walked {
	uint64_t region; /* va >> 21; WALKED_NONE: no answer */
	uint64_t changed; /* pv_domain.tables_changed, read before the walk */
	struct frame *table;
	uint64_t *entries;
};
#define WALKED_NONE (~0UL)

/* What a PV vcpu has beyond its frame (pv/). ABI: <xen/arch-x86/xen.h> vcpu_guest_context. */
struct pv_vcpu {
	/*
	 * A table whose (de)validation this vcpu started and owes the end of; holds a ref. NULL:
	 * none. pv/type.c
	 */
	struct frame *old_table;
	uint64_t cr3; /* the page table it runs on now: kernel's or user's; machine address */
	mfn_t kernel_root, user_root; /* MFN_NONE: none. Each holds a typed L4 ref */
	uint64_t kernel_sp;
	uint16_t kernel_ss;
	uint64_t event_callback, failsafe_callback, syscall_callback;
	uint8_t callback_masks; /* bit CALLBACKTYPE_x: events masked on entry */
	bool user_mode;         /* guest user runs (kernel otherwise); both are ring 3 */
	bool vgcf_in_syscall;
	uint64_t syscall32_callback, sysenter_callback;
	uint16_t syscall32_cs, sysenter_cs;
	struct trap_gate trap[256];

	uint64_t ctrlreg[8]; /* guest's view: CR0, CR2, CR4 ... */
	/* While they are not in the registers; pv/segment.c says when that is. */
	uint64_t fs_base, gs_base[2]; /* gs: of kernel mode, of user mode */
	union {
		struct {
			uint16_t ds, es, fs, gs;
		};
		uint64_t selectors; /* all four */
	};
	uint64_t debugreg[8];
	uint32_t tsc_aux;
	mfn_t gdt_mfn[14]; /* FRAME typed DESC; MFN_NONE */
	uint16_t gdt_entries;
	uint64_t ldt_base; /* guest va */
	uint32_t ldt_entries;
	uint64_t ldt_mapped; /* bit i: LDT page i is mapped (on demand), with a DESC ref */

	uint8_t iopl;   /* 0-3, guest's virtual */
	void *iobitmap; /* guest handle, PHYSDEVOP_set_iobitmap */
	uint32_t iobitmap_ports;

	struct walked walked; /* by kernel_root */

	/* bits of a trap to be bounced to the guest on the way out; see pv.h trap_inject */
	uint64_t bounce_error;
};

struct vcpu {
	struct vcpu_info *info; /* in shared_info, or where the guest placed it */
	/* The processor pushes here while it runs: the end is 16-byte aligned (x86/offsets.h). */
	struct regs regs;
	uint64_t calls[CALLS]; /* entries by hypercall: counted by the stub, on its own processor */
	struct call_times *times; /* NULL: they never were timed; perf.h */

	struct domain *domain;
	uint32_t id;
	bool initialised; /* has a context (setvcpucontext, VCPUOP_initialise) */
	bool is_idle;

	/* scheduling; under the lock of cpu's run queue unless said otherwise */
	struct cpu *cpu;
	bool running;         /* on cpu now */
	bool down;            /* VCPUOP_down or never brought up */
	bool blocked;         /* atomic; set by itself, cleared by wakers */
	bool polling;         /* blocked in SCHEDOP_poll */
	uint32_t poll_port;   /* the one port it polls, or 0 for "any of several" */
	uint32_t pause_count; /* atomic */
	bool queued; /* waits in a run queue */
	bool parked; /* its scheduler lets it rest until `again` */
	bool pinned; /* SCHEDOP_pin_override: affinity_before comes back */
	struct list queue;
	uint64_t charged_at; /* while it runs: until when it was charged */
	uint64_t affinity;   /* bit i: may run on processor i */
	uint64_t soft_affinity; /* and likes to */

	struct vcpu_runstate_info runstate;
	void *runstate_guest;    /* registered area (guest va) or NULL */
	void *time_guest;        /* registered secondary vcpu_time_info (guest va) or NULL */
	struct timer singleshot; /* set_timer_op and VCPUOP_set_singleshot_timer: VIRQ_TIMER */
	struct timer periodic, poll_timer;
	uint64_t period_ns, periodic_due;

	struct frame *info_frame;     /* typed writable ref of a placed one, or NULL */
	struct vcpu_info own_info;    /* of a vcpu beyond shared_info's, until it is placed */
	uint32_t virq_port[NR_VIRQS]; /* 0: none; under the domain's evtchn lock */
	bool nmi_pending, nmi_masked;
	uint64_t nmi_callback;

	/* FPU: lazily saved; the area is as large as XCR0 asks, 64-byte aligned */
	void *xsave;
	bool fpu_initialised, fpu_dirty;
	bool ts; /* guest's CR0.TS: next FPU use gives it #NM */
	uint64_t xcr0;

	struct pv_vcpu pv;

	uint64_t affinity_before;
	struct sched_vcpu sched; /* what its scheduler knows of it; as the fields above */
};

/* core/vcpu.c */
struct vcpu *vcpu_create(struct domain *d,
			 uint32_t id);        /* down, without context; NULL: no memory */
void vcpu_destroy(struct vcpu *v);            /* its domain is dead and stopped */
struct vcpu *vcpu_create_idle(struct cpu *c); /* runs on hyper_l4; never NULL */
/* Bitwise, so that the usual answer costs two tests. */
static inline bool vcpu_runnable(const struct vcpu *v)
{
	return !(v->down | READ_ONCE(v->blocked) | v->parked) &&
	       !(READ_ONCE(v->pause_count) | READ_ONCE(v->domain->pause_count));
}
void vcpu_pause(struct vcpu *v); /* returns when it has no processor; unpause as often */
void vcpu_unpause(struct vcpu *v);

uint64_t vcpu_run_time(const struct vcpu *v); /* ns on a processor */
/* The times add up to the time since creation at every moment, as the ABI promises. */
static inline void vcpu_set_runstate(struct vcpu *v, int state, uint64_t now)
{
	struct vcpu_runstate_info *r = &v->runstate;

	if (r->state == state)
		return;
	r->time[r->state] += now - r->state_entry_time;
	r->state_entry_time = now;
	r->state = state;
}
/*
 * The current vcpu's runstate into its registered area. A guest in user mode gets it when its
 * kernel runs again: pv calls this on that way while runstate_guest is set.
 */
void vcpu_publish_runstate(struct vcpu *v);
void vcpu_send_nmi(struct vcpu *v); /* to its callback, when it is not in another */
void vcpu_periodic_start(struct vcpu *v); /* it runs (again), or has a port for its ticks now */
/*
 * VCPUOP_register_vcpu_info. -ENXIO: offset; -EINVAL: frame, placed before, or neither current nor
 * down.
 */
int vcpu_place_info(struct vcpu *v, mfn_t mfn, uint32_t offset);
/* A placed one goes back to where it was born; its frame, once nobody writes to it any more. */
void vcpu_leave_info(struct vcpu *v);
void vcpu_drop_info(struct vcpu *v);
long do_vcpu_op(int cmd, unsigned vcpuid, void *arg);
