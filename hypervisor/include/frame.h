/* SPDX-License-Identifier: MIT */
/*
 * The frame table: one struct frame for each machine frame of RAM, and who may do what with it.
 *
 * One 64-bit word tells all of a frame's use, so that to take or drop a mapping is one atomic
 * operation: how many references hold the frame, how many of them hold its type, and the type.
 *
 *   bits 0-27   refs: each mapping, pin, root pointer, grant map or temporary user holds one,
 *               and the owner's allocation one more (FRAME_ALLOCATED). At 0 the frame is freed.
 *   bits 28-53  type refs, each of which is a ref as well
 *   bits 54-56  the type, meaningful while type refs > 0 (and remembered after)
 *   bits 57-63  flags
 *
 * A frame has one type at a time: it cannot be a page table and be mapped writable. The type
 * changes only while there is no type ref. L1-L4 and DESC are validated when the first type ref is
 * taken and devalidated when the last is dropped; both can stop in the middle (FRAME_PARTIAL,
 * frame.done).
 */
#pragma once

#include "cpu.h"

#define FRAME_REF  1UL
#define FRAME_REFS 0x0fffffffUL
/* No more are taken: each type ref is a ref, so neither count overflows. */
#define FRAME_REFS_MAX   0x3fffffeUL
#define FRAME_TREF       (1UL << 28)
#define FRAME_TREFS      (0x3ffffffUL << 28)
#define FRAME_TYPE_SHIFT 54
#define FRAME_TYPE       (7UL << FRAME_TYPE_SHIFT)
#define TYPE_NONE        (0UL << FRAME_TYPE_SHIFT)
#define TYPE_L1          (1UL << FRAME_TYPE_SHIFT)
#define TYPE_L2          (2UL << FRAME_TYPE_SHIFT)
#define TYPE_L3          (3UL << FRAME_TYPE_SHIFT)
#define TYPE_L4          (4UL << FRAME_TYPE_SHIFT)
#define TYPE_DESC        (5UL << FRAME_TYPE_SHIFT) /* GDT or LDT frame */
#define TYPE_WRITABLE    (6UL << FRAME_TYPE_SHIFT)
#define FRAME_PINNED     (1UL << 57) /* the guest holds one type ref by mmuext pin */
#define FRAME_VALID      (1UL << 58) /* type is validated */
#define FRAME_PARTIAL    (1UL << 59) /* (de)validation stopped after frame.done entries */
#define FRAME_LOCKED     (1UL << 60) /* somebody changes a table's entries; see pv/table.h */
#define FRAME_ALLOCATED  (1UL << 61) /* the owner's allocation holds one ref */
#define FRAME_HYPER      (1UL << 62) /* the hypervisor's, shared with its owner (shared_info) */
#define FRAME_SUPER      (1UL << 63) /* nobody may own it: hole, image, hypervisor's memory */

struct frame {
	uint64_t state; /* atomic, see above */
	domid_t owner;  /* valid while refs > 0; DOMID_INVALID: nobody's, DOMID_IO, DOMID_XEN */
	uint16_t done;  /* while FRAME_PARTIAL: how far; pv/type.c */
	uint32_t next, prev; /* links by mfn in the owner's list or the allocator's; 0 ends */
	uint8_t order;       /* of a free block that starts here */
	uint8_t flags;       /* the allocator's: core/block.h */
	uint16_t spare;
	uint64_t stamp; /* tlb clock when the last type ref or ref was dropped */
};
_Static_assert(sizeof(struct frame) == 32, "a shift finds the frame");

#define frame_table ((struct frame *)FRAMETABLE_VIRT)
extern uint64_t max_mfn; /* one beyond the last RAM frame */

static inline bool mfn_valid(mfn_t m)
{
	return m.n < max_mfn;
}
static inline struct frame *mfn_to_frame(mfn_t m)
{
	return &frame_table[m.n];
}
static inline mfn_t frame_to_mfn(const struct frame *f)
{
	return MFN((uint64_t)(f - frame_table));
}
static inline void *mfn_to_virt(mfn_t m)
{
	return (void *)(DIRECTMAP_VIRT + (m.n << PAGE_SHIFT));
}
/* A ref may be taken: the frame is somebody's, and its count has room. */
static inline bool frame_ref_ok(uint64_t state)
{
	return (state & FRAME_REFS) - 1 < FRAME_REFS_MAX;
}
/*
 * The same, with what the bits in `mask` shall be, in one comparison: of 0 refs one less is the
 * most there can be. Says no to the upper half of what frame_ref_ok allows: ask that then.
 */
#define FRAME_REFS_HIGH 0x0e000000UL
static inline bool frame_state_is(uint64_t state, uint64_t mask, uint64_t want)
{
	return ((state - FRAME_REF) & (mask | FRAME_REFS_HIGH)) == want;
}
static inline mfn_t virt_to_mfn(const void *va)
{
	return MFN(((uint64_t)va - DIRECTMAP_VIRT) >> PAGE_SHIFT);
}

#define M2P_INVALID (~0UL) /* of a frame that is no guest's pfn */

/* M2P: the guest-visible read-only map; written through its other mapping. */
static inline void m2p_set(mfn_t m, uint64_t pfn)
{
	((uint64_t *)M2P_VIRT)[m.n] = pfn;
}
static inline uint64_t m2p_get(mfn_t m)
{
	return ((uint64_t *)M2P_VIRT)[m.n];
}

struct domain;

/*
 * Boot: core/frame.c is told the free RAM ranges (whole frames) once the table is mapped; the
 * frames need a scrub before a guest sees them, which allocation does.
 */
void frame_init(uint64_t max);
void frame_add_free(mfn_t first, uint64_t count);

/*
 * Allocate 2^order contiguous frames for the hypervisor itself, zeroed, never a guest's; NULL when
 * there are none. The address is in the directmap.
 */
void *hyper_alloc(unsigned order);
void hyper_free(void *va, unsigned order);
/* Objects of the hypervisor, zeroed, 16-byte aligned, at most 1 MiB; NULL: no memory. */
void *heap_alloc(size_t size);
void heap_free(void *p);

/*
 * Allocate 2^order contiguous frames to d, scrubbed (unless it is dom0's boot: no_scrub), each with
 * refs = 1, FRAME_ALLOCATED, TYPE_WRITABLE without a type ref; below 2^max_bits bytes if
 * max_bits != 0. NULL: no memory, over max_pages, or d dying.
 */
struct frame *frame_alloc(struct domain *d, unsigned order, unsigned max_bits, bool no_scrub);
/*
 * d == NULL: frames nobody owns yet (exchange), for frame_assign: -EINVAL dying, -E2BIG over
 * max_pages.
 */
int frame_assign(struct domain *d, struct frame *f, unsigned order);
/*
 * n frames of d that nobody holds (their states are 0) for as many new ones, in extents of 2^order:
 * in one step, so that nobody who allocates meanwhile finds d below its limit. False: d is dying,
 * and nothing changed.
 */
bool frames_swap(struct domain *d, const uint32_t *in, const uint32_t *out, unsigned order,
		 unsigned n);
void frame_free_unowned(struct frame *f, unsigned order);
/*
 * Give up the allocation's own reference (FRAME_ALLOCATED): the frame goes once nobody else holds
 * it. False if it was given up before.
 */
bool frame_unallocate(struct frame *f);
/* The last ref went: back to the allocator, out of the owner's list. Called by frame_put only. */
void frame_release(struct frame *f);
/*
 * The hypervisor shares one of its frames with d (shared_info, grant frames): owner d, FRAME_HYPER,
 * may be mapped by d (writable or read-only). Each holds a reference to d until it is unshared and
 * nobody maps it any more, so the memory is given back (hyper_free) when d itself goes.
 */
void frame_share(struct domain *d, void *va, bool writable);
void frame_unshare(void *va);
/* Counts of frames: free, given to the allocator at boot, free but not known to be zero. */
uint64_t frames_free(void), frames_total(void), frames_dirty(void);

/*
 * The usual case of every get: adds `add` (refs, type refs, a flag) to the state where it is as
 * said and the frame is the owner's. False: look closer, the slow way. Between the two looks at the
 * owner the frame may have gone to another one and be in the same state again; the ref holds it.
 */
void frame_not_mine(struct frame *f, uint64_t add); /* pv/type.c: takes it back */
static inline __attribute__((always_inline)) bool frame_try(struct frame *f, domid_t owner,
							     uint64_t mask, uint64_t want,
							     uint64_t add)
{
	uint64_t s = __atomic_load_n(&f->state, __ATOMIC_RELAXED);

	if (unlikely(!frame_state_is(s, mask, want) || f->owner != owner) ||
	    unlikely(!__atomic_compare_exchange_n(&f->state, &s, s + add, false, __ATOMIC_ACQUIRE,
						  __ATOMIC_RELAXED)))
		return false;
	if (likely(f->owner == owner))
		return true;
	frame_not_mine(f, add);
	return false;
}

/* Take a reference if d owns f (any state that has refs > 0); false otherwise or on overflow. */
bool frame_get_slow(struct frame *f, domid_t owner);
static inline bool frame_get(struct frame *f, domid_t owner)
{
	return likely(frame_try(f, owner, 0, 0, FRAME_REF)) || frame_get_slow(f, owner);
}
static inline void frame_put(struct frame *f)
{
	if (unlikely(!(__atomic_sub_fetch(&f->state, FRAME_REF, __ATOMIC_ACQ_REL) & FRAME_REFS)))
		frame_release(f);
}
/*
 * Types (pv/type.c). Take a type ref together with a ref, in one step; the caller may be a mapping,
 * a grant or a temporary writer. 0; -EINVAL: other type, not the owner's, invalid content;
 * -ERESTART: stopped in the middle (L2-L4 only, when the budget is spent): nothing is held, call
 * again.
 */
int frame_get_typed(struct frame *f, domid_t owner, uint64_t type);
/*
 * Drop both. 0; -ERESTART (L2-L4 only): the caller still holds a plain ref, frame_put_rest() goes
 * on.
 */
int frame_put_typed(struct frame *f);
int frame_put_rest(struct frame *f);
/*
 * frame_put_typed for callers that cannot continue: it finishes at any cost (bounded by one tree).
 */
void frame_put_typed_final(struct frame *f);

/* The same for TYPE_WRITABLE, with the usual case in line: the frame is mapped writable already. */
static inline bool frame_get_writable(struct frame *f, domid_t owner)
{
	return likely(frame_try(f, owner, FRAME_TYPE | FRAME_VALID, TYPE_WRITABLE | FRAME_VALID,
				FRAME_REF + FRAME_TREF)) ||
	       frame_get_typed(f, owner, TYPE_WRITABLE) == 0;
}
static inline void frame_put_writable(struct frame *f)
{
	uint64_t s = __atomic_load_n(&f->state, __ATOMIC_RELAXED);

	if (unlikely(!(s & FRAME_TREFS & ~FRAME_TREF)) || /* the last */
	    unlikely(!__atomic_compare_exchange_n(&f->state, &s, s - FRAME_REF - FRAME_TREF, false,
						  __ATOMIC_RELEASE, __ATOMIC_RELAXED)))
		(void)frame_put_typed(f); /* never stops: no table */
}
