/* SPDX-License-Identifier: MIT */
/*
 * Walks through a guest's page tables by the directmap. Validated tables hold only tables of the
 * right kind below them, and no superpages, so nothing needs checking on the way but presence. Yet
 * another vcpu of the guest may take a table away and fill its frame with anything while we walk:
 * so reads may fault, the last frame number may be any, and the result is a snapshot: who writes
 * locks the table and looks at its type again.
 */
#include "access.h"
#include "hypervisor/pv/table.h"

static inline bool step(mfn_t *table, unsigned long va, unsigned shift)
{
	const guest_u64 *slot = mfn_to_virt(*table);
	uint64_t e;

	guest_load(e, &slot[va >> shift & (TABLE_ENTRIES - 1)], fault);
	*table = pte_mfn(e);
	return e & PTE_P;
fault:
	return false;
}

static uint64_t *walk(mfn_t root, unsigned long va, mfn_t *table)
{
	if (!guest_range_ok((void *)va, 1) || !step(&root, va, 39) || !step(&root, va, 30) ||
	    !step(&root, va, 21) || unlikely(!mfn_valid(root)))
		return NULL;
	*table = root;
	return (uint64_t *)mfn_to_virt(root) + (va >> 12 & (TABLE_ENTRIES - 1));
}

uint64_t *walk_l1(unsigned long va, mfn_t *table)
{
	return walk(MFN(current->pv.cr3 >> PAGE_SHIFT), va, table);
}

bool walk_kernel_pte(unsigned long va, uint64_t *pte)
{
	mfn_t table;
	uint64_t *slot = walk(current->pv.kernel_root, va, &table);

	if (!slot || !(mfn_to_frame(table)->state & FRAME_VALID) ||
	    (mfn_to_frame(table)->state & FRAME_TYPE) != TYPE_L1)
		return false;
	*pte = READ_ONCE(*slot);
	return true;
}
