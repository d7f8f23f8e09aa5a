/* SPDX-License-Identifier: MIT */
/*
 * Our grant table, version 1. It grows by frames of 512 entries as references are asked for, up
 * to what Xen allows. A free entry grants nothing (flags 0), so its frame field holds the next
 * free one's number: the list needs no memory of its own, and no peer can write to it.
 *
 * The life of a reference: gnttab_alloc takes it off the list; gnttab_access writes frame and
 * domain, then the flags, at which moment the peer may use it; Xen sets GTF_reading and
 * GTF_writing while the peer has it mapped; gnttab_end clears the flags in one step with the look
 * that both are clear, so that no mapping slips in between; gnttab_free puts it back.
 */
#include "guest/clock.h"
#include "guest/gnttab.h"
#include "guest/hypercall.h"
#include "guest/init.h"
#include "guest/page.h"
#include "guest/pagetable.h"
#include "guest/panic.h"
#include "guest/spinlock.h"
#include "guest/start.h"
#include "lib/string.h"

#define FRAME_ENTRIES  (PAGE_SIZE / sizeof(struct grant_entry_v1))
#define FRAMES_MAX     64
#define RESERVED       ((size_t)GNTTAB_NR_RESERVED_ENTRIES)
#define LIST_END       0
#define RETRY_INTERVAL (NS_PER_S / 2)

/* Held while the table grows, too: page tables are changed within. */
static SPINLOCK(lock);

/* With the lock. An entry that is in use is its owner's, and Xen's. */
static struct grant_entry_v1 *table; /* address space for frames_max frames */
static unsigned int frames, frames_max;
static grant_ref_t free_head = LIST_END;
static size_t free_count;

static int table_setup(unsigned int count, xen_pfn_t *list)
{
	struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = count };
	long err;

	set_xen_guest_handle(setup.frame_list, list);
	err = hypercall_grant_table_op(GNTTABOP_setup_table, &setup, 1);
	return err ? (int)err : gnttab_error(setup.status);
}

/* One more frame; its entries go onto the free list. Locked. */
static int table_grow(void)
{
	xen_pfn_t list[FRAMES_MAX];
	grant_ref_t ref;
	int err;

	if (!table || frames >= frames_max)
		return -ENOSPC;
	err = table_setup(frames + 1, list);
	if (!err)
		err = pte_set((char *)table + frames * PAGE_SIZE,
			      pte_make(MFN(list[frames]), PTE_RW));
	if (err)
		return err;
	for (ref = (frames + 1) * FRAME_ENTRIES; ref-- > MAX(frames * FRAME_ENTRIES, RESERVED);) {
		table[ref].flags = 0;
		table[ref].frame = free_head;
		free_head = ref;
		free_count++;
	}
	frames++;
	return 0;
}

/* --- Suspend ------------------------------------------------------------ */

static struct grant_entry_v1 *kept; /* what stood in the table, while suspended */

int gnttab_suspend(void)
{
	if (!frames)
		return 0;
	kept = page_alloc(page_order(frames * PAGE_SIZE));
	if (!kept)
		return -ENOMEM;
	memcpy(kept, table, frames * PAGE_SIZE);
	pte_clear_batch(table, frames);
	return 0;
}

/*
 * In a new table the free list goes on, and references that were given stay their owners', but
 * grant nothing: whom they named is not there any more. The reserved ones are the toolstack's.
 */
void gnttab_resume(bool lost)
{
	xen_pfn_t list[FRAMES_MAX];
	unsigned int i;
	grant_ref_t ref;

	if (!frames)
		return;
	if (table_setup(frames, list))
		panic("the grant table cannot be set up again");
	for (i = 0; i < frames; i++)
		if (pte_set((char *)table + i * PAGE_SIZE, pte_make(MFN(list[i]), PTE_RW)))
			panic("the grant table cannot be mapped again");
	for (ref = RESERVED; lost && ref < frames * FRAME_ENTRIES; ref++) {
		table[ref] = kept[ref];
		table[ref].flags = 0;
	}
	page_free(kept, page_order(frames * PAGE_SIZE));
}

static int gnttab_start(void)
{
	struct gnttab_query_size query = { .dom = DOMID_SELF };
	long err = hypercall_grant_table_op(GNTTABOP_query_size, &query, 1);

	if (err || query.status != GNTST_okay)
		return err ? (int)err : gnttab_error(query.status);
	frames_max = MIN(query.max_nr_frames, (uint32_t)FRAMES_MAX);
	table = vmap_reserve(frames_max);
	return table ? 0 : -ENOMEM;
}
INITCALL(core, gnttab_start);

size_t gnttab_free_count(void)
{
	return READ_ONCE(free_count) + (frames_max - frames) * FRAME_ENTRIES -
	       (frames ? 0 : RESERVED);
}

/* --- References --------------------------------------------------------- */

int gnttab_alloc(void)
{
	unsigned long flags = spin_lock_save(&lock);
	int ref = 0;

	if (free_head == LIST_END)
		ref = table_grow();
	if (!ref) {
		ref = (int)free_head;
		free_head = table[ref].frame;
		free_count--;
	}
	spin_unlock_restore(&lock, flags);
	return ref;
}

void gnttab_free(grant_ref_t ref)
{
	unsigned long flags = spin_lock_save(&lock);

	table[ref].frame = free_head;
	free_head = ref;
	free_count++;
	spin_unlock_restore(&lock, flags);
}

void gnttab_access(grant_ref_t ref, domid_t to, mfn_t frame, bool readonly)
{
	table[ref].frame = (uint32_t)frame.n;
	table[ref].domid = to;
	wmb(); /* whom and what before the flags that let them in */
	WRITE_ONCE(table[ref].flags, (uint16_t)(GTF_permit_access | (readonly ? GTF_readonly : 0)));
}

int gnttab_grant(domid_t to, mfn_t frame, bool readonly)
{
	int ref = gnttab_alloc();

	if (ref > 0)
		gnttab_access((grant_ref_t)ref, to, frame, readonly);
	return ref;
}

bool gnttab_busy(grant_ref_t ref)
{
	return READ_ONCE(table[ref].flags) & (GTF_reading | GTF_writing);
}

/*
 * Xen sets the bits of use in the same word, at any time: take access away only while there are
 * none.
 */
int gnttab_end(grant_ref_t ref)
{
	uint16_t flags = READ_ONCE(table[ref].flags);

	do {
		if (flags & (GTF_reading | GTF_writing))
			return -EBUSY;
	} while (!__atomic_compare_exchange_n(&table[ref].flags, &flags, 0, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_SEQ_CST));
	return 0;
}

int gnttab_revoke(grant_ref_t ref)
{
	int err = gnttab_end(ref);

	if (!err)
		gnttab_free(ref);
	return err;
}

/* --- Pages whose peer does not let go ----------------------------------- */

struct held_page {
	struct held_page *next;
	grant_ref_t ref;
	void *page;
};

static SPINLOCK(held_lock); /* the other lock is taken within */

/*
 * With held_lock. Entries are carved out of whole pages and used again for good: this is
 * called from handlers, and malloc is not for them.
 */
static struct held_page *held, *spare;
static struct clock_timer retry_timer;

/* NULL: no memory. Locked. */
static struct held_page *entry_take(void)
{
	struct held_page *entry = spare;

	if (!entry) {
		entry = page_alloc_zero(0);
		for (size_t i = 1; entry && i < PAGE_SIZE / sizeof(*entry); i++)
			entry[i - 1].next = &entry[i];
	}
	if (entry)
		spare = entry->next;
	return entry;
}

static void retry(struct clock_timer *timer)
{
	struct held_page **slot = &held;

	spin_lock(&held_lock);
	while (*slot) {
		struct held_page *entry = *slot;

		if (gnttab_revoke(entry->ref)) {
			slot = &entry->next;
			continue;
		}
		page_free(entry->page, 0);
		*slot = entry->next;
		entry->next = spare;
		spare = entry;
	}
	if (held)
		timer_start(timer, clock_deadline(RETRY_INTERVAL));
	spin_unlock(&held_lock);
}

void gnttab_revoke_page(grant_ref_t ref, void *page)
{
	struct held_page *entry;
	unsigned long flags;

	if (!gnttab_revoke(ref)) {
		page_free(page, 0);
		return;
	}
	flags = spin_lock_save(&held_lock);
	entry = entry_take();
	if (entry) {
		*entry = (struct held_page){ .next = held, .ref = ref, .page = page };
		held = entry;
		if (!retry_timer.active) {
			timer_init(&retry_timer, retry, NULL);
			timer_start(&retry_timer, clock_deadline(RETRY_INTERVAL));
		}
	}
	/* Else the page is lost: better than given away while in use. */
	spin_unlock_restore(&held_lock, flags);
}
