/* SPDX-License-Identifier: MIT */
/*
 * Address space beside the linear map: foreign frames, device memory, guarded stacks, grant maps.
 */
#pragma once

#include "guest/types.h"

/*
 * A frame number is good until the domain is suspended, which may be at any moment while upcalls
 * are unmasked: take and use it masked, or see guest/suspend.h.
 *
 * The machine frame behind any mapped address of this domain; MFN_NONE if nothing is mapped. */
mfn_t virt_to_mfn(const void *va);

/* The frame of a page of ours (MFN_NONE if ballooned out), and back (PFN_NONE if not ours). */
mfn_t pfn_to_mfn(pfn_t pfn);
pfn_t mfn_to_pfn(mfn_t mfn);

/* How many pages the domain has, with those that are ballooned out and may come back. */
uint64_t p2m_pages(void);

/* The machine address of a byte, for a device. */
static inline uint64_t virt_to_maddr(const void *va)
{
	return virt_to_mfn(va).n << PAGE_SHIFT | ((uintptr_t)va & (PAGE_SIZE - 1));
}

/*
 * Address space of `pages` pages, page tables present, nothing mapped, with an unmapped page on
 * either side; NULL if out of space or memory. vmap_release wants everything unmapped before.
 * May be called from threads only, as all below.
 */
void *vmap_reserve(size_t pages);
void vmap_release(void *va, size_t pages);        /* also in parts */
bool vmap_contains(const void *va, size_t pages); /* is it such space? */

/*
 * Map frames of another domain (DOMID_SELF is allowed) read and write, for a privileged domain.
 * errs[i] becomes 0 or -errno; errs may be NULL, then one failure fails all. With errs the return
 * value is NULL only if there is no address space, and the pages that failed stay unmapped.
 */
void *vmap_foreign(domid_t domid, const xen_pfn_t *mfns, int *errs, size_t count);

/* Map device memory uncached. Any alignment: the result points at the byte. NULL on failure. */
void *vmap_io(uint64_t maddr, size_t bytes);

/*
 * Fresh memory behind address space from vmap_reserve (stacks, the heap): pages wherever there are
 * some. 0 or -ENOMEM, then nothing is mapped. The contents are undefined.
 */
int vmap_populate(void *va, size_t pages);
void vmap_depopulate(void *va, size_t pages); /* also in parts, and with holes */

/* Undo vmap_foreign, and vmap_io (address and size as given or returned). */
void vmap_unmap(void *va, size_t pages);
void vmap_io_unmap(void *va, size_t bytes);

/*
 * Single entries of the page table, for those who map by other means. pte_set makes missing tables
 * where `va` lies in address space from vmap_reserve. Returns 0 or -errno.
 */
#define PTE_PRESENT  (1ULL << 0)
#define PTE_WRITE    (1ULL << 1)
#define PTE_USER     (1ULL << 2)
#define PTE_PWT      (1ULL << 3)
#define PTE_PCD      (1ULL << 4)
#define PTE_ACCESSED (1ULL << 5)
#define PTE_DIRTY    (1ULL << 6)
#define PTE_NX       (1ULL << 63)
#define PTE_MFN_MASK 0x000ffffffffff000ULL

#define PTE_RO (PTE_PRESENT | PTE_ACCESSED | PTE_NX)
#define PTE_RW (PTE_RO | PTE_WRITE | PTE_DIRTY)
#define PTE_RX (PTE_PRESENT | PTE_ACCESSED)

static inline uint64_t pte_make(mfn_t mfn, uint64_t flags)
{
	return mfn.n << PAGE_SHIFT | flags;
}

int pte_set(void *va, uint64_t pte);
uint64_t pte_get(const void *va); /* 0 where no table is */

/*
 * The machine address of the entry itself, for GNTMAP_contains_pte and mmu_update; 0 if no table.
 */
uint64_t pte_maddr(const void *va);
