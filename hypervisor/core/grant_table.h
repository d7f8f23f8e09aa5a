/* SPDX-License-Identifier: MIT */
/*
 * A domain's grant table, and its record of what it maps of others; shared by grant*.c.
 *
 * An active entry tells how often a grant of ours is in use, and pins the frame and the grantee
 * that it had when that began: whatever the guest writes into the shared entry meanwhile changes
 * nothing. While in use, the shared entry carries GTF_reading or GTF_writing, set by cmpxchg, so
 * that its owner can tell.
 */
#pragma once

#include "frame.h"
#include "grant.h"

#define GRANTS_PER_FRAME   (PAGE_SIZE / sizeof(struct grant_entry_v1))
#define MAPTRACK_PER_FRAME (PAGE_SIZE / sizeof(struct maptrack))
#define HANDLE_NONE        (~0u)

#define ACTIVE_LOCKED   0x8000      /* in domid: somebody changes the entry */
#define ACTIVE_READER   0x00010000u /* one pin, in the word of domid and pins */
#define ACTIVE_WRITER   0x01000000u
#define ACTIVE_PINS_MAX 128

struct active {
	uint32_t frame;
	union {
		struct {
			uint16_t domid; /* the grantee, while pinned; ACTIVE_LOCKED */
			union {
				struct {
					uint8_t readers, writers; /* mappings, copies under way */
				};
				uint16_t pins; /* both */
			};
		};
		uint32_t word; /* all: one store by who has the lock unlocks too */
	};
};
_Static_assert(sizeof(struct active) == sizeof(struct grant_entry_v1),
	       "a page of one for a page of the other");

struct maptrack {
	uint32_t ref; /* of the granting domain; in a free entry the next free handle */
	domid_t domid;
	uint16_t flags; /* GNTMAP_*; 0: free */
};

struct grant_table {
	/*
	 * The first free handle, HANDLE_NONE ends the list; above, how often it changed: so that
	 * who takes one notices when it went and came back meanwhile. Atomic.
	 */
	uint64_t free;
	spinlock_t lock; /* guards growth */
	uint32_t frames, max_frames;
	uint32_t permit; /* what an entry begins with that permits access to this domain */
	struct grant_entry_v1 **shared; /* by frame */
	struct active **active;
	uint32_t handles, max_handles;
	struct maptrack **maptrack;
	spinlock_t unmap_lock; /* several processors: of two that end one mapping, one does */
	uint32_t release_pos; /* grant_release_maps goes on here */
};

static inline bool grant_ref_valid(const struct grant_table *t, uint32_t ref)
{
	return ref < t->frames * GRANTS_PER_FRAME;
}
static inline struct grant_entry_v1 *grant_shared(const struct grant_table *t, uint32_t ref)
{
	return &t->shared[ref / GRANTS_PER_FRAME][ref % GRANTS_PER_FRAME];
}
static inline struct active *grant_active(const struct grant_table *t, uint32_t ref)
{
	return &t->active[ref / GRANTS_PER_FRAME][ref % GRANTS_PER_FRAME];
}
static inline struct maptrack *grant_maptrack(const struct grant_table *t, uint32_t handle)
{
	return &t->maptrack[handle / MAPTRACK_PER_FRAME][handle % MAPTRACK_PER_FRAME];
}

static inline bool active_trylock(struct active *a)
{
	bool was;

	__asm__ volatile("lock btsw $15, %0" : "+m"(a->domid), "=@ccc"(was)::"memory");
	if (LOCKCHECK && !was)
		lockcheck_take_bit(LOCK_ACTIVE, a, true);
	return !was;
}
static inline void active_lock(struct active *a)
{
	while (!active_trylock(a))
		cpu_serve();
}
static inline void active_unlock(struct active *a)
{
	if (LOCKCHECK)
		lockcheck_give_bit(a);
	__atomic_store_n(&a->domid, a->domid & ~ACTIVE_LOCKED, __ATOMIC_RELEASE);
}
/* The same with all else in the entry that its lock guards. */
static inline void active_store(struct active *a, uint32_t word)
{
	if (LOCKCHECK)
		lockcheck_give_bit(a);
	__atomic_store_n(&a->word, word, __ATOMIC_RELEASE);
}

/*
 * The padding behind an int16_t status goes back as it came, so that the store is one of a whole
 * word.
 */
#define STATUS_SIZE 4

/*
 * The ops on lists. Each stops when the budget is spent, and goes on as what grant_again returns.
 */
long grant_map(struct gnttab_map_grant_ref *u, unsigned count);
long grant_unmap(struct gnttab_unmap_grant_ref *u, unsigned count);
long grant_unmap_and_replace(struct gnttab_unmap_and_replace *u, unsigned count);
long grant_copy(struct gnttab_copy *u, unsigned count);
long grant_again(unsigned cmd, void *uop, unsigned count);
