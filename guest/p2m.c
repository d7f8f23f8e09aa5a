/* SPDX-License-Identifier: MIT */
/*
 * Which machine frame is behind each page of ours, and back. The domain builder made the list; it
 * has one entry for each page that the domain begins with; where it may grow, we copy it to where
 * there is room for all that it may ever have. MFN_NONE: there is no frame now.
 * Xen's M2P, which all domains share, tells the other way, and is believed only where ours agrees.
 *
 * The toolstack that saves the domain finds the list through shared_info (linear form: p2m_vaddr in
 * the address space of p2m_cr3), puts page numbers in the place of frames wherever it finds them,
 * and the new frames when it restores: in this list, in the page tables, in start_info. What
 * else holds a frame number would be wrong afterwards. See guest/suspend.h.
 */
#include "guest/hypercall.h"
#include "guest/init.h"
#include "guest/irq.h"
#include "guest/page.h"
#include "guest/start.h"
#include "guest/vmap.h"

/* A domain may grow to so many times its first size: an eighth of that is for the tables then. */
#define GROWTH_MAX 56

/* As BIOSes tell it (<xen/memory.h>: XENMEM_memory_map). */
struct map_entry {
	uint64_t address, size;
	uint32_t type;
} PACKED;

static xen_pfn_t *p2m;	   /* entries: atomic */
static uint64_t p2m_count; /* pages */
static uint64_t mfn_end;   /* of the machine: the M2P ends there; 0: not asked yet */

void p2m_init(void)
{
	p2m = (xen_pfn_t *)start_info.mfn_list;
	p2m_count = start_info.nr_pages;
}

uint64_t p2m_pages(void)
{
	return p2m_count;
}

/* The toolstack tells by a memory map of one entry (maxmem=); without one nothing comes later. */
uint64_t p2m_limit(void)
{
	struct map_entry entry = { 0 };
	struct xen_memory_map map = { .nr_entries = 1 };
	uint64_t pages = start_info.nr_pages;

	set_xen_guest_handle(map.buffer, &entry);
	if (!is_initdomain() && !hypercall_memory_op(XENMEM_memory_map, &map) &&
	    map.nr_entries == 1)
		pages = MAX(pages, (entry.address + entry.size) >> PAGE_SHIFT);
	return MIN(pages, start_info.nr_pages * GROWTH_MAX);
}

void p2m_move(xen_pfn_t *to, uint64_t count)
{
	uint64_t i;

	for (i = 0; i < count; i++)
		to[i] = i < p2m_count ? p2m[i] : MFN_NONE.n;
	p2m = to;
	p2m_count = count;
}

void p2m_set(pfn_t pfn, mfn_t mfn)
{
	WRITE_ONCE(p2m[pfn.n], mfn.n);
}

mfn_t pfn_to_mfn(pfn_t pfn)
{
	return pfn.n < p2m_count ? MFN(READ_ONCE(p2m[pfn.n])) : MFN_NONE;
}

/* Nothing is mapped behind the M2P's end. */
pfn_t mfn_to_pfn(mfn_t mfn)
{
	pfn_t pfn;

	if (unlikely(!mfn_end))
		mfn_end = (uint64_t)hypercall_memory_op(XENMEM_maximum_ram_page, NULL) + 1;
	if (mfn.n >= mfn_end)
		return PFN_NONE;
	pfn = PFN(machine_to_phys_mapping[mfn.n]);
	return mfn_eq(pfn_to_mfn(pfn), mfn) ? pfn : PFN_NONE;
}

/* The list moves no more, so its generation (<xen/arch-x86/xen.h>) stays 0. */
void p2m_publish(void)
{
	mfn_end = 0;
	shared_info.arch.max_pfn = p2m_count;
	shared_info.arch.pfn_to_mfn_frame_list_list = ~0UL; /* the older form: not kept */
	shared_info.arch.p2m_vaddr = (unsigned long)p2m;
	shared_info.arch.p2m_generation = 0;
	wmb(); /* p2m_cr3 says that the others are valid */
	shared_info.arch.p2m_cr3 = virt_to_mfn((void *)start_info.pt_base).n << PAGE_SHIFT;
}
