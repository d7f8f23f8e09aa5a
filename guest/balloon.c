/* SPDX-License-Identifier: MIT */
/*
 * A page that is ballooned out is one that the allocator has handed out, to us: its frame is Xen's
 * again, its place in the linear map is empty, and in the p2m stands that it has none. That is how
 * we find it again, and how a toolstack that saves the domain knows; there is no other list.
 *
 * Xen takes no frame back that is mapped anywhere, so out: unmap, give back, forget. In: tables for
 * the place, ask for a frame, note it, map, free the page. Each batch happens with upcalls masked,
 * so that no frame number is held over a suspend.
 */
#include "guest/balloon.h"
#include "guest/clock.h"
#include "guest/console.h"
#include "guest/hypercall.h"
#include "guest/irq.h"
#include "guest/page.h"
#include "guest/pagetable.h"
#include "guest/panic.h"
#include "guest/start.h"
#include "guest/thread.h"
#include "guest/wait.h"

#define BATCH	  32
#define RETRY_MIN (1 * NS_PER_S)
#define RETRY_MAX (32 * NS_PER_S)
#define KIB(n)	  ((unsigned long)(n) * (PAGE_SIZE / 1024))

static uint64_t target; /* pages; 0: nobody has asked */
static WAIT_QUEUE(changed);

/* The balloon thread's own. */
static uint64_t next_empty; /* no page below has lost its frame */
static uint64_t told;	    /* the target of which we have complained */

static long reservation(unsigned int op, xen_pfn_t *frames, size_t count)
{
	struct xen_memory_reservation r = { .nr_extents = count, .domid = DOMID_SELF };

	set_xen_guest_handle(r.extent_start, frames);
	return hypercall_memory_op(op, &r);
}

/* --- Out ---------------------------------------------------------------- */

/* Returns how many of `count` (at most BATCH) have gone. */
static size_t give_batch(size_t count)
{
	xen_pfn_t frames[BATCH];
	pfn_t pfns[BATCH];
	unsigned long flags;
	size_t n, i;
	long gone;

	for (n = 0; n < count; n++) {
		void *page = page_alloc(0);

		if (!page)
			break;
		pfns[n] = virt_to_pfn(page);
	}
	flags = irq_save();
	for (i = 0; i < n; i++) {
		frames[i] = pfn_to_mfn(pfns[i]).n;
		pte_clear_batch(pfn_to_virt(pfns[i]), 1);
	}
	gone = n ? reservation(XENMEM_decrease_reservation, frames, n) : 0;
	gone = MAX(gone, 0L);
	for (i = 0; i < n; i++) {
		if (i < (size_t)gone) {
			p2m_set(pfns[i], MFN_NONE);
			next_empty = MIN(next_empty, pfns[i].n);
		} else {
			pte_set(pfn_to_virt(pfns[i]), pte_make(MFN(frames[i]), PTE_RW));
			page_free(pfn_to_virt(pfns[i]), 0);
		}
	}
	page_count_change(-gone);
	irq_restore(flags);
	return (size_t)gone;
}

/* --- In ----------------------------------------------------------------- */

static bool find_empty(pfn_t *pfn)
{
	while (next_empty < p2m_pages()) {
		*pfn = PFN(next_empty++);
		if (mfn_eq(pfn_to_mfn(*pfn), MFN_NONE))
			return true;
	}
	return false;
}

/* Returns how many of `count` have come. */
static size_t take_batch(size_t count)
{
	xen_pfn_t frames[BATCH];
	pfn_t pfns[BATCH];
	unsigned long flags;
	size_t n = 0, i;
	long got;

	while (n < count && find_empty(&pfns[n])) {
		if (pagetable_cover(pfn_to_virt(pfns[n]), 1)) {
			next_empty = pfns[n].n;
			break;
		}
		frames[n] = pfns[n].n;
		n++;
	}
	flags = irq_save();
	got = n ? reservation(XENMEM_populate_physmap, frames, n) : 0;
	got = MAX(got, 0L);
	for (i = 0; i < (size_t)got; i++) {
		int err;

		p2m_set(pfns[i], MFN(frames[i]));
		err = pte_set(pfn_to_virt(pfns[i]), pte_make(MFN(frames[i]), PTE_RW));
		if (err)
			panic("a new page cannot be mapped: error %d", -err);
	}
	page_count_change(got);
	irq_restore(flags);
	for (i = 0; i < (size_t)got; i++)
		page_free(pfn_to_virt(pfns[i]), 0);
	if ((size_t)got < n)
		next_empty = pfns[got].n;
	return (size_t)got;
}

/* --- The thread --------------------------------------------------------- */

static void complain(uint64_t want, const char *why)
{
	if (told == want)
		return;
	told = want;
	console_print("balloon: %lu KiB are asked for, but %s: %lu KiB now\n", KIB(want), why,
		      KIB(page_total_count()));
}

/* As near to the target as it goes now. True if it is reached. */
static bool adjust(uint64_t want)
{
	for (;;) {
		uint64_t have = page_total_count(), spare;
		size_t n;

		if (have == want || want != READ_ONCE(target))
			return true;
		n = MIN(have > want ? have - want : want - have, (uint64_t)BATCH);
		if (have < want) {
			if (take_batch(n))
				continue;
			complain(want, have < p2m_pages() ? "Xen has none to give" :
							    "there is no room for more");
			return false;
		}
		spare = page_free_count() > page_reserve() ? page_free_count() - page_reserve() : 0;
		if (spare && give_batch(MIN(n, (size_t)spare)))
			continue;
		complain(want, "the rest is in use");
		return false;
	}
}

static void balloon_thread(void *unused)
{
	ns_t pause = RETRY_MIN;

	for (;;) {
		uint64_t want = READ_ONCE(target);
		bool done = adjust(want);

		wait_event_timeout(&changed, want != READ_ONCE(target), done ? NS_FOREVER : pause);
		if (done || want != READ_ONCE(target))
			pause = RETRY_MIN;
		else
			pause = MIN(pause * 2, RETRY_MAX);
	}
}

/* Called by the store's watch thread only. A domain whose size nobody changes needs no thread. */
void balloon_set_target(uint64_t pages)
{
	static bool started;

	if (!pages || (!started && pages == page_total_count()))
		return;
	WRITE_ONCE(target, pages);
	if (!started)
		started = thread_create("balloon", balloon_thread, NULL, 0);
	if (!started)
		console_print("balloon: no memory for a thread\n");
	wake_all(&changed);
}
