/* SPDX-License-Identifier: MIT */
/*
 * A domain: what it owns and may do. Found by its id (domain_get), which takes a reference; the
 * structure lives until the last one is put, long after the domain died.
 */
#pragma once

#include "cpu.h"
#include "evtchn.h"
#include "grant.h"
#include "quiet.h"
#include "sched_share.h"
#include "timer.h"
#include <xen/domctl.h>
#include <xen/sched.h>

#define MAX_VCPUS     64
#define MAX_DOMID     DOMID_FIRST_RESERVED
#define SHUTDOWN_NONE 0xff

enum dying { DOMAIN_ALIVE, DOMAIN_DYING, DOMAIN_DEAD };

/* An inclusive range of numbers a domain may use: I/O ports, mfns of devices, pirqs. */
struct range {
	struct range *next;
	uint64_t first, last;
};
struct rangeset {
	spinlock_t lock;
	struct range *head; /* sorted, disjoint, not adjacent */
};
/*
 * Both bounds are in. 0, -ENOMEM (removal may split a range); removing what is not there is fine.
 */
int range_add(struct rangeset *s, uint64_t first, uint64_t last);
int range_remove(struct rangeset *s, uint64_t first, uint64_t last);
bool range_has(struct rangeset *s, uint64_t first, uint64_t last); /* all of it */
void range_clear(struct rangeset *s);

/* What a 64-bit guest may enable by vm_assist. */
#define VM_ASSISTS                                                                                 \
	(BIT(VMASST_TYPE_4gb_segments) | BIT(VMASST_TYPE_4gb_segments_notify) |                    \
	 BIT(VMASST_TYPE_writable_pagetables) | BIT(VMASST_TYPE_pae_extended_cr3) |                \
	 BIT(VMASST_TYPE_architectural_iopl) | BIT(VMASST_TYPE_runstate_update_flag) |             \
	 BIT(VMASST_TYPE_m2p_strict))

/* What the PV kind adds to a domain (pv/domain.c). */
struct pv_domain {
	mfn_t l3_perdomain; /* root of the per-domain slot, one table tree for the GDTs and LDTs */
	uint64_t **desc_l1; /* by vcpu: its 32 PTEs of the per-domain area, see layout.h */
	uint64_t vm_assist; /* bits of VMASST_TYPE_* */
	uint64_t tables_changed; /* atomic: writes to entries of its L2 to L4 tables */
	uint32_t pci_address; /* what it wrote to port 0xcf8 */
	uint8_t cmos_index;   /* and to port 0x70 */
};

struct domain {
	domid_t id;
	bool privileged; /* may use the toolstack's operations on others */
	uint8_t dying;   /* enum dying; under lock */
	uint32_t refs;   /* atomic */
	spinlock_t lock; /* dying, shutdown, vcpu array growth */

	struct domain *next; /* in the order of ids */
	struct domain *hash_next;

	uint32_t max_vcpus;
	struct vcpu *vcpu[MAX_VCPUS]; /* NULL until domctl max_vcpus */
	uint32_t pause_count;         /* atomic: hypervisor's and toolstack's reasons not to run */
	uint32_t ctl_pause_count;     /* toolstack's share of it; under lock */

	bool shut_down;        /* every vcpu stopped, waits for the toolstack */
	uint8_t shutdown_code; /* SHUTDOWN_*, or SHUTDOWN_NONE */
	uint32_t suspend_port; /* XEN_DOMCTL_subscribe: notified at shutdown; 0: none */
	uint64_t poll_mask;    /* atomic; bit i: vcpu i blocks in SCHEDOP_poll */
	uint16_t weight;       /* share of the processors, 256 is one */
	uint16_t cap;          /* percent of one processor it gets at most; 0: no limit */

	spinlock_t frames_lock; /* guards the list and the counts below */
	uint32_t frames;        /* first mfn of its list (frame.next), 0: none */
	uint64_t tot_pages, max_pages;
	uint64_t outstanding; /* claimed (XENMEM_claim_pages) and not yet allocated */

	struct shared_info *shared; /* a hypervisor frame, FRAME_HYPER */
	struct evtchn_table evtchn;
	struct grant_table *grant;

	struct rangeset ioports, iomem, irqs;
	/* PHYSDEVOP_pirq_eoi_gmfn: bit i tells that pirq i wants an eoi. Holds a writable ref. */
	unsigned long *eoi_map;
	uint32_t pirqs; /* how many it has; x86/irq.c's lock */
	bool eoi_unmasks; /* version 1 of it: an eoi unmasks the port too */
	struct timer watchdog[2];
	bool watchdog_used[2];

	struct e820entry *map; /* XENMEM_set_memory_map; NULL: none */
	uint32_t map_count;

	uint64_t time_offset_ns;    /* settimeoffset */
	xen_domain_handle_t handle; /* uuid */
	uint64_t created;           /* ns */
	uint32_t config_flags;      /* XEN_DOMCTL_CDF_* */
	uint32_t ssidref;
	struct hypercall_stat *stats; /* counts by hypercall, NULL unless kept */

	struct pv_domain pv;

	struct cpupool *pool; /* whose processors it runs on; set under domctl's lock */
	spinlock_t cap_lock;  /* cap_used; taken within a run queue's lock */
	struct share_cap cap_used;

	uint32_t tsc_incarnation; /* settscinfo: kept for gettscinfo, guests read the TSC */
	uint8_t tsc_mode;

	struct quiet quiet; /* of domain_kill first, after the last reference of domain_put */
	struct frame *cursor; /* where its end is in the list of its frames; held by a ref */
	bool infos_dropped; /* its placed vcpu_infos are given back: kill.c */
};

extern struct domain *dom0; /* the hardware domain */

/*
 * Finding domains. The one of a dead domain is known, and its id taken, until the last reference
 * goes. get: with a reference, which the caller puts; NULL: there is none. DOMID_SELF is the
 * current one.
 */
struct domain *domain_get(domid_t id);
struct domain *domain_get_next(domid_t from); /* the first whose id is not below `from` */
unsigned domains_ending(void); /* shut down, dying, or not yet freed: what may still give back */
void domain_last_put(struct domain *d);
static inline void domain_put(struct domain *d)
{
	if (unlikely(!__atomic_sub_fetch(&d->refs, 1, __ATOMIC_ACQ_REL)))
		domain_last_put(d);
}
static inline void domain_hold(struct domain *d)
{
	__atomic_add_fetch(&d->refs, 1, __ATOMIC_RELAXED);
}
/*
 * Without a reference: for the time of one operation, whose end nothing is freed before. Not
 * DOMID_SELF.
 */
#define DOMAIN_HASH 64
extern struct domain *domain_hash[DOMAIN_HASH];
static inline struct domain *domain_find(domid_t id)
{
	struct domain *d = READ_ONCE(domain_hash[id % DOMAIN_HASH]);

	while (d && unlikely(d->id != id))
		d = d->hash_next;
	return d;
}
/*
 * Whom a guest names, as XSM_TARGET has it: itself, or anybody for a privileged one. 0 with a
 * reference; -ESRCH, then -EPERM.
 */
int domain_lookup(domid_t id, struct domain **d);
/* NULL: no vcpu of that number, or not made yet. A guest's number is clamped. */
struct vcpu *domain_vcpu(struct domain *d, uint32_t id);

/*
 * A new domain, paused once by the toolstack, without vcpus and memory; *out has no reference of
 * the caller's. id 0 for an unprivileged one: the next that is free. -EEXIST; -ENOMEM; -EINVAL,
 * -EOPNOTSUPP and -ESRCH for a configuration that is not possible.
 */
int domain_create(domid_t id, const struct xen_domctl_createdomain *config, bool privileged,
		  struct domain **out);
int domain_set_max_vcpus(struct domain *d, uint32_t n); /* makes them; -EINVAL: not as created */
/*
 * Takes it apart: frames, ports, mappings, pirqs, timers go back. -ERESTART: call again, the budget
 * is spent; -EINVAL: oneself. Afterwards only what other domains hold of it keeps the structure.
 */
int domain_kill(struct domain *d);
void domain_info(struct domain *d, struct xen_domctl_getdomaininfo *info); /* for the toolstack */

/* Reasons not to run add up; pause returns when none of its vcpus has a processor any more. */
void domain_pause(struct domain *d);
void domain_unpause(struct domain *d);
int domain_ctl_pause(struct domain *d);   /* the toolstack's; -EOVERFLOW after 255 */
int domain_ctl_unpause(struct domain *d); /* -EINVAL when it did not pause */
/* Stops it for good, or until domain_resume, and tells dom0. Of dom0 itself: ends the machine. */
void domain_shutdown(struct domain *d, uint8_t reason);
void domain_resume(struct domain *d);
/*
 * It did what cannot be forgiven: says why, prints registers and stack of the current vcpu if that
 * is its, and shuts it down as crashed. Returns; the vcpu never runs again.
 */
void domain_crash(struct domain *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
__attribute__((noreturn)) void machine_poweroff(void);
__attribute__((noreturn)) void machine_reboot(void);
