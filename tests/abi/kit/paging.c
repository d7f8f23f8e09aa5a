/* SPDX-License-Identifier: MIT */
/* Pages and page tables. A table is read where its frame is mapped, which the M2P tells. */
#include "kit.h"

#define POOL_PAGES 64

static char pool[POOL_PAGES][PAGE_SIZE] ALIGNED(PAGE_SIZE);
static unsigned int pool_used;

void *page_alloc(void)
{
	if (pool_used == POOL_PAGES)
		error("the pool of %u pages is used up", POOL_PAGES);
	return memset(pool[pool_used++], 0, PAGE_SIZE);
}

ulong mfn_of(const void *va)
{
	return ((const ulong *)start_info->mfn_list)[((ulong)va - (ulong)image_start) / PAGE_SIZE];
}

uint64_t *pte_of(const void *va, unsigned int level)
{
	uint64_t *table = (uint64_t *)start_info->pt_base;

	for (unsigned int at = 4;; at--) {
		uint64_t *pte = table + ((ulong)va >> (3 + 9 * at) & 511);

		if (at == level)
			return pte;
		if (!(*pte & PTE_P))
			error("no level %u table for %p", at - 1, va);
		table = (uint64_t *)(image_start +
				     machine_to_phys_mapping[PTE_MFN(*pte)] * PAGE_SIZE);
	}
}

uint64_t pte_address(const void *va, unsigned int level)
{
	uint64_t *pte = pte_of(va, level);

	return mfn_of(pte) * PAGE_SIZE + (ulong)pte % PAGE_SIZE;
}

long va_map(const void *va, uint64_t pte)
{
	return hypercall_n(__HYPERVISOR_update_va_mapping, (ulong)va, pte, UVMF_INVLPG | UVMF_LOCAL,
			   0, 0);
}

long va_map_foreign(const void *va, uint64_t pte, domid_t domid)
{
	return hypercall(update_va_mapping_otherdomain, va, pte, UVMF_INVLPG | UVMF_LOCAL, domid);
}

long va_protect(const void *va, uint64_t flags)
{
	return hypercall(update_va_mapping, va, mfn_of(va) * PAGE_SIZE | flags,
			 UVMF_INVLPG | UVMF_LOCAL);
}

long mmu_update_for(uint64_t ptr, uint64_t val, domid_t domid)
{
	struct mmu_update update = { .ptr = ptr, .val = val };

	return hypercall(mmu_update, &update, 1, 0, domid);
}

long mmu_update(uint64_t ptr, uint64_t val)
{
	return mmu_update_for(ptr, val, DOMID_SELF);
}

long mmuext(unsigned int cmd, ulong arg1, ulong arg2)
{
	struct mmuext_op op = { .cmd = cmd, .arg1.mfn = arg1, .arg2.nr_ents = arg2 };

	/* arg2 is a union of an unsigned int and a pointer or frame: give the wide one. */
	op.arg2.src_mfn = arg2;
	return hypercall(mmuext_op, &op, 1, 0, DOMID_SELF);
}

uint64_t *table_alloc(void)
{
	uint64_t *table = page_alloc();

	if (va_protect(table, PTE_RO))
		error("a page cannot be made read-only");
	return table;
}
