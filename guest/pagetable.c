/* SPDX-License-Identifier: MIT */
/*
 * Single entries of our page tables. The tables are ordinary pages of ours, read-only to us while
 * they are in use; Xen carries out every change after checking it. Table pages are never given
 * back: the address space that they cover is used again.
 *
 * There is no map of tables beside the tables: the way down goes by the machine frame numbers in
 * the entries, through the M2P to pfns, and so into the linear map. That is four loads of two
 * tables a level, and needs no memory.
 *
 * A page becomes a table in two steps: it loses its writable mapping, since Xen lets no table be
 * writable; and the entry above it is set, upon which Xen checks every entry in it. A table that is
 * filled before it is hung up costs one such check; entries added afterwards cost one each.
 *
 * Frame numbers are read and used with upcalls masked: the domain may be suspended at any other
 * moment, and have other frames when it goes on (guest/suspend.h).
 */
#include "guest/hypercall.h"
#include "guest/init.h"
#include "guest/page.h"
#include "guest/pagetable.h"
#include "guest/panic.h"
#include "guest/spinlock.h"
#include "guest/start.h"
#include "guest/vcpu.h"

static SPINLOCK(lock); /* making tables; pages are taken within */

#define LEVELS      4
#define ENTRY_BITS  9
#define TABLE_FLAGS (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED)

static inline unsigned int table_index(const void *va, unsigned int level)
{
	return (uintptr_t)va >> (PAGE_SHIFT + (level - 1) * ENTRY_BITS) & ((1 << ENTRY_BITS) - 1);
}

static inline mfn_t pte_mfn(uint64_t pte)
{
	return MFN((pte & PTE_MFN_MASK) >> PAGE_SHIFT);
}

/* The table of `level` (1: of pages) that covers va; NULL if there is none. */
static uint64_t *table_find(const void *va, unsigned int level)
{
	uint64_t *table = (uint64_t *)start_info.pt_base;
	unsigned int at;

	for (at = LEVELS; at > level; at--) {
		uint64_t entry = READ_ONCE(table[table_index(va, at)]);

		if (!(entry & PTE_PRESENT))
			return NULL;
		table = pfn_to_virt(PFN(machine_to_phys_mapping[pte_mfn(entry).n]));
	}
	return table;
}

uint64_t pte_get(const void *va)
{
	unsigned long flags = irq_save();
	uint64_t *table = table_find(va, 1);
	uint64_t pte = table ? READ_ONCE(table[table_index(va, 1)]) : 0;

	irq_restore(flags);
	return pte;
}

/* Where the entry stands, as mmu_update and grant operations name it; 0 if there is no table. */
uint64_t pte_maddr(const void *va)
{
	uint64_t *table = table_find(va, 1);

	if (!table)
		return 0;
	return pfn_to_mfn(virt_to_pfn(table)).n << PAGE_SHIFT |
	       table_index(va, 1) * sizeof(uint64_t);
}

mfn_t virt_to_mfn(const void *va)
{
	uint64_t pte;

	if ((uintptr_t)va - VIRT_BASE < p2m_pages() << PAGE_SHIFT)
		return pfn_to_mfn(virt_to_pfn(va));
	pte = pte_get(va);
	return pte & PTE_PRESENT ? pte_mfn(pte) : MFN_NONE;
}

/*
 * The two steps of the head: first the linear map's view of the page becomes read-only, then the
 * entry above points to it. In the other order Xen would find a writable mapping of a table, and
 * refuse. If it does not take the table, the page is ordinary memory again, and the caller's.
 */
int pagetable_insert(void *page, const void *va, unsigned int level)
{
	mfn_t mfn = pfn_to_mfn(virt_to_pfn(page));
	uint64_t *parent = table_find(va, level + 1);
	struct mmu_update link;
	long err;

	err = hypercall_update_va_mapping((unsigned long)page, pte_make(mfn, PTE_RO), UVMF_INVLPG);
	if (err)
		return (int)err;
	link.ptr = (pfn_to_mfn(virt_to_pfn(parent)).n << PAGE_SHIFT |
		    table_index(va, level + 1) * sizeof(uint64_t)) |
		   MMU_NORMAL_PT_UPDATE;
	link.val = pte_make(mfn, TABLE_FLAGS);
	err = hypercall_mmu_update(&link, 1, NULL, DOMID_SELF);
	if (err)
		hypercall_update_va_mapping((unsigned long)page, pte_make(mfn, PTE_RW),
					    UVMF_INVLPG);
	return (int)err;
}

bool pagetable_present(const void *va, unsigned int level)
{
	return table_find(va, level);
}

const uint64_t *pagetable_entries(const void *va)
{
	uint64_t *table = table_find(va, 1);

	return table ? &table[table_index(va, 1)] : NULL;
}

/* From the top down: each table needs the one above it. */
int pagetable_make(const void *va, unsigned int level, void *(*alloc_zero)(void))
{
	unsigned int at;

	for (at = LEVELS - 1; at >= level; at--) {
		void *page;
		int err;

		if (table_find(va, at))
			continue;
		page = alloc_zero();
		if (!page)
			return -ENOMEM;
		err = pagetable_insert(page, va, at);
		if (err) {
			page_free(page, 0);
			return err;
		}
	}
	return 0;
}

static void *alloc_table(void)
{
	return page_alloc_zero(0);
}

/* One at a time, so that two do not both make the same table. */
int pagetable_cover(const void *va, size_t pages)
{
	const char *at = (const char *)ROUND_DOWN((uintptr_t)va, PAGE_SIZE << ENTRY_BITS);
	const char *end = (const char *)va + pages * PAGE_SIZE;
	unsigned long flags = spin_lock_save(&lock);
	int err = 0;

	for (; !err && at < end; at += PAGE_SIZE << ENTRY_BITS)
		err = pagetable_make(at, 1, alloc_table);
	spin_unlock_restore(&lock, flags);
	return err;
}

/*
 * An entry, and what any vcpu may still know of the one before: of all vcpus, since threads go from
 * one to another. Xen interrupts those processors only that run this domain.
 */
static int set_and_flush(void *va, uint64_t pte)
{
	unsigned long whose = vcpu_count() > 1 ? UVMF_ALL : UVMF_LOCAL;

	return (int)hypercall_update_va_mapping((unsigned long)va, pte, UVMF_INVLPG | whose);
}

/* The tables are there as a rule: look for them only when Xen complains. */
int pte_set(void *va, uint64_t pte)
{
	int err = set_and_flush(va, pte);

	if (err && !table_find(va, 1)) {
		err = pagetable_cover(va, 1);
		if (!err)
			err = set_and_flush(va, pte);
	}
	return err;
}

/* A batch ends with a table: within one, the entries' machine addresses follow one another. */
int pte_set_batch(void *va, size_t count, uint64_t (*pte)(size_t index, const void *arg),
		  const void *arg, domid_t domid)
{
	struct mmu_update updates[PTE_BATCH];
	size_t done = 0;

	while (done < count) {
		unsigned long flags = irq_save();
		char *at = (char *)va + done * PAGE_SIZE;
		uint64_t maddr = pte_maddr(at);
		size_t in_table = (1 << ENTRY_BITS) - table_index(at, 1);
		size_t n = MIN(MIN(count - done, in_table), (size_t)PTE_BATCH), i;
		long err;

		for (i = 0; i < n; i++) {
			updates[i].ptr = (maddr + i * sizeof(uint64_t)) | MMU_NORMAL_PT_UPDATE;
			updates[i].val = pte(done + i, arg);
		}
		err = hypercall_mmu_update(updates, (unsigned int)n, NULL, domid);
		irq_restore(flags);
		if (err)
			return (int)err;
		done += n;
	}
	return 0;
}

void pagetable_flush(void)
{
	struct mmuext_op flush = {
		.cmd = vcpu_count() > 1 ? MMUEXT_TLB_FLUSH_ALL : MMUEXT_TLB_FLUSH_LOCAL,
	};
	long err = hypercall_mmuext_op(&flush, 1, NULL, DOMID_SELF);

	ASSERT(!err);
}

static uint64_t pte_none(size_t index, const void *unused)
{
	return 0;
}

/* One flush for all: INVLPG of a page costs as much as the update itself. */
int pte_clear_batch(void *va, size_t count)
{
	int err;

	if (count == 1)
		return set_and_flush(va, 0);
	err = pte_set_batch(va, count, pte_none, NULL, DOMID_SELF);
	pagetable_flush();
	return err;
}
