/* SPDX-License-Identifier: MIT */
/*
 * The kit: what a test image stands on. It shares nothing with guest/, so that a mistake there
 * cannot hide one of the hypervisor. A test is `TEST { ... }`: it runs on vcpu 0 of dom0, upcalls
 * masked, every trap vector and callback bound to trap_dispatch, and may create peer domains.
 */
#pragma once

#include "lib/format.h"
#include "lib/string.h"
#include "lib/types.h"

#define __XEN_TOOLS__ 1
#include <xen/xen.h>
#include <xen/errno.h>
#include <xen/callback.h>
#include <xen/domctl.h>
#include <xen/event_channel.h>
#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#include "frame.h"

typedef unsigned long ulong;

/* --- report.c: results, worst wins ---------------------------------------------------------- */

enum result { SUCCESS, SKIP, ERROR, FAILURE };

extern const char test_file[];
void test_run(void);
#define TEST                               \
	const char test_file[] = __FILE__; \
	void test_run(void)

/* Each prints one line with the value; a value other than the wanted one is a FAILURE. */
void check_value(const char *what, long got, long want);
#define check(what, got, want) check_value(what, (long)(got), (long)(want))
/* The same for numbers that are no errno, such as GNTST_*. */
void check_status(const char *what, long got, long want);
#define check_that(what, cond) check_value(what, !!(cond), 1)
/* The same for what differs from machine to machine, such as frames: the value is not printed. */
void check_same_value(const char *what, long got, long want);
#define check_same(what, got, want) check_same_value(what, (long)(got), (long)(want))
void check_string(const char *what, const char *got, const char *want);
/* The test cannot be made here (SKIP), or its own preparation went wrong (ERROR). Both end it. */
void skip(const char *fmt, ...) PRINTF(1, 2) NORETURN;
void error(const char *fmt, ...) PRINTF(1, 2) NORETURN;
/* Ends a test, or a peer, with what was checked so far. */
void test_end(void) NORETURN;

/* --- console.c -------------------------------------------------------------------------------- */

void console_init(void);
void console_write(const char *text, size_t len);
void console_flush(void); /* waits until somebody has read it all, as any domain but dom0 */

/* --- record.c: what was asked and how it was answered, for abi-report ------------------------- */

bool is_recording(void);
void record_call(ulong number, const ulong *arg, long result);
void record_add(const void *peers); /* what a peer recorded, out of its page ... */
ulong record_page(void);            /* ... which is this one of its image */
void record_print(void);
void peers_record(void); /* peer.c: of all peers that are still there */

/* --- start.S ---------------------------------------------------------------------------------- */

long hypercall_n(ulong number, ulong a, ulong b, ulong c, ulong d, ulong e);
#define hypercall_args(nr, a, b, c, d, e, ...) \
	hypercall_checked(nr, (ulong)(a), (ulong)(b), (ulong)(c), (ulong)(d), (ulong)(e))
/* hypercall(event_channel_op, EVTCHNOP_close, &close): missing arguments are 0. */
#define hypercall(name, ...)      hypercall_args(__HYPERVISOR_##name, ##__VA_ARGS__, 0, 0, 0, 0, 0)
#define hypercall_nr(number, ...) hypercall_args(number, ##__VA_ARGS__, 0, 0, 0, 0, 0)

/*
 * As hypercall_n; answers 0 without calling anyone where the image was told to `lie`, keeps the
 * answers where it was told to `record` (README.md).
 */
long hypercall_checked(ulong number, ulong a, ulong b, ulong c, ulong d, ulong e);

extern char image_start[], image_end[], hypercall_page[], start[], start_second[];
extern struct start_info *start_info;
extern struct shared_info *shared;
extern struct vcpu_info *vcpu; /* vcpu 0's, in the shared page */

/* What follows the name ("seed=") on the command line. */
ulong argument(const char *name, ulong otherwise);

/* Else an ordinary domain of some toolstack's, or a peer. */
static inline bool is_dom0(void)
{
	return start_info->flags & SIF_INITDOMAIN;
}

/* --- trap.c ----------------------------------------------------------------------------------- */

#define TRAP_NONE 999
enum {
	TRAP_de = 0,
	TRAP_db = 1,
	TRAP_bp = 3,
	TRAP_of = 4,
	TRAP_ud = 6,
	TRAP_nm = 7,
	TRAP_ts = 10,
	TRAP_np = 11,
	TRAP_ss = 12,
	TRAP_gp = 13,
	TRAP_pf = 14,
	TRAP_mf = 16,
	TRAP_ac = 17
};

/* What the last trap was; vector is TRAP_NONE while there was none. count is never cleared. */
struct trap_record {
	volatile long vector, count, error, cr2, upcall_mask;
	struct cpu_user_regs regs;
};
extern struct trap_record trap;
extern volatile ulong trap_resume;
extern ulong failsafe_selectors[4]; /* ds, es, fs, gs as the failsafe callback found them */

/*
 * Runs one piece of assembly and returns the vector of the trap that it raised, or TRAP_NONE; the
 * rest of it is then left out. attempt("mov %0, %%cr0", : : "r"(value)); the stack must be level.
 */
#define attempt(text, ...)                                                   \
	({                                                                   \
		trap.vector = TRAP_NONE;                                     \
		barrier();                                                   \
		__asm__ volatile("movq $77f, trap_resume\n\t" text           \
				 "\n77:\tmovq $0, trap_resume" __VA_ARGS__); \
		barrier();                                                   \
		trap.vector;                                                 \
	})

/* Sees every trap first, if set; true means that it is dealt with and may return. */
extern bool (*trap_hook)(struct cpu_user_regs *regs);
void trap_dispatch(struct cpu_user_regs *regs);
void trap_init(void);
/* Trap table entries for the stubs: `dpl` for all vectors. */
void trap_table_fill(struct trap_info table[257], unsigned int dpl);
ulong trap_stub(unsigned int vector);

/* Runs code in user mode, on the user stack, until a syscall (whose rax it returns) or a trap. */
long user_run(void (*code)(void), ulong vgcf, ulong rflags);
long user_enter(struct iret_context *context);
void user_leave(long result) NORETURN;
void user_context(struct iret_context *context, void (*code)(void));
long user_syscall(long rax);

/* --- event.c ---------------------------------------------------------------------------------- */

extern volatile ulong event_count[1024], upcall_count;
void events_on(void);
void events_off(void);
void event_upcall(void);
bool event_pending(unsigned int port);
bool event_masked(unsigned int port);
void event_mask(unsigned int port);
void event_clear(unsigned int port);
/* A new unbound port of domid's for remote, and one bound to itself; both unmasked. */
unsigned int event_alloc(domid_t domid, domid_t remote);
unsigned int event_self(void);
unsigned int event_virq(unsigned int virq);
domid_t own_domid(void); /* by a port that waits for oneself */
int event_close(unsigned int port);
int event_send(unsigned int port);

/* System time in ns, by the pvclock protocol, from a record and from vcpu_info's. */
uint64_t time_of(const volatile struct vcpu_time_info *t);
uint64_t time_now(void);
#define MS 1000000UL
/* Yields until cond holds; false when that takes longer than ms. */
#define wait_for(cond, ms)                                                             \
	({                                                                             \
		uint64_t wait_end = time_now() + (ms)*MS;                              \
		bool wait_ok;                                                          \
		while (!(wait_ok = (cond)) && time_now() < wait_end)                   \
			hypercall_n(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0, 0, 0); \
		wait_ok;                                                               \
	})

/*
 * The same asleep, so that others have all processors; and QEMU, where it counts instructions, lets
 * them run at all: it may never come to them beside one that does not halt.
 */
#define sleep_for(cond, ms)                                                                     \
	({                                                                                      \
		struct sched_poll nap = { 0 };                                                  \
		unsigned int nap_count = 0;                                                     \
		bool nap_ok;                                                                    \
		while (!(nap_ok = (cond)) && nap_count++ < (ms)) {                              \
			nap.timeout = time_now() + MS;                                          \
			hypercall_n(__HYPERVISOR_sched_op, SCHEDOP_poll, (ulong)&nap, 0, 0, 0); \
		}                                                                               \
		nap_ok;                                                                         \
	})

/* --- paging.c --------------------------------------------------------------------------------- */

#define PTE_P        0x001UL
#define PTE_RW       0x002UL
#define PTE_US       0x004UL
#define PTE_A        0x020UL
#define PTE_D        0x040UL
#define PTE_PSE      0x080UL
#define PTE_NX       (1UL << 63)
#define PTE_KERN     (PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)
#define PTE_RO       (PTE_P | PTE_US | PTE_A | PTE_D)
#define PTE_MFN(pte) (((pte) >> 12) & ((1UL << 40) - 1))

#define VA_NONCANONICAL 0x8000000000001000UL
#define VA_HYPERVISOR   0xffff82d080000000UL
#define VA_UNMAPPED     0x200000UL
#define MFN_ABSENT      0x3fffffffUL /* of no memory, and beyond the 40 bits of -cpu EPYC */

/* A zeroed page of the image's own, never given back. */
void *page_alloc(void);
ulong mfn_of(const void *va);
/* The entry of level 1-4 that maps va in the current tables: where to read it, and its address. */
uint64_t *pte_of(const void *va, unsigned int level);
uint64_t pte_address(const void *va, unsigned int level);
/* Changes the entry that maps va (the L1 must exist), and flushes it. */
long va_map(const void *va, uint64_t pte);
long va_map_foreign(const void *va, uint64_t pte, domid_t domid);
long va_protect(const void *va, uint64_t flags);
long mmu_update(uint64_t ptr, uint64_t val);
long mmu_update_for(uint64_t ptr, uint64_t val, domid_t domid);
long mmuext(unsigned int cmd, ulong arg1, ulong arg2);
/* A page table of `level` that is empty and read-only to us, not pinned. */
uint64_t *table_alloc(void);

/* --- grant.c ---------------------------------------------------------------------------------- */

extern volatile struct grant_entry_v1 *grant_table; /* its first page, after grant_init() */
void grant_init(void);
/* Lets domid use a page of ours by ref: 8-511, the lower ones are the toolstack's. */
void grant_give(grant_ref_t ref, domid_t domid, const void *page, uint16_t flags);
/* GNTST_okay or another status; -errno where the whole call failed. */
int grant_map(domid_t domid, grant_ref_t ref, uint64_t at, uint32_t flags, grant_handle_t *handle);
int grant_unmap(grant_handle_t handle, uint64_t at);

/* --- peer.c ----------------------------------------------------------------------------------- */

#define PEER_PAGES 512

/* A page that the peer and its creator share: the creator's view of the peer's copy of `box`. */
struct box {
	volatile long value[512];
};

struct peer {
	domid_t id;
	unsigned int nr_pages;
	xen_pfn_t p2m[PEER_PAGES];
	struct box *box;
};

extern struct box box; /* in a peer: its own side */

/* A domctl of version 4.17 on domid; fill in u first. Returns 0 or -errno. */
long domctl(struct xen_domctl *op, unsigned int cmd, domid_t domid);
/* A domain without memory or vcpus; limits as a toolstack sets them. */
void peer_create(struct peer *peer, unsigned int vcpus);
/*
 * Gives it a copy of this image as it stands, and vcpu 0 that will run code() on a fresh kit; the
 * domain stays paused. A code that returns shuts its domain down with reason `poweroff`.
 */
void peer_build(struct peer *peer, void (*code)(void));
void peer_unpause(struct peer *peer);
/* All of these in one. */
void peer_start(struct peer *peer, unsigned int vcpus, void (*code)(void));
uint32_t peer_flags(struct peer *peer);
/* Vcpu 0 of domid runs on one of the machine's processors only. */
void bind_to(domid_t domid, unsigned int processor);
/* The machine's processors, as they themselves say: the hypervisor is not asked. */
unsigned int processors(void);
/* Its shutdown reason once it shut down, or -1 when that takes longer than ms. */
long peer_wait(struct peer *peer, unsigned int ms);
long peer_destroy(struct peer *peer);
void peer_main(void) NORETURN;
/* In a peer: initialises a vcpu that runs code(), which does not return, and brings it up. */
long vcpu_start(unsigned int id, void (*code)(void));
extern void (*peer_code)(void);
