/* SPDX-License-Identifier: MIT */
/*
 * Walks through a guest's page tables by the directmap. Validated tables hold only tables of the
 * right kind below them, and no superpages, so nothing needs checking on the way but presence. Yet
 * another vcpu of the guest may take a table away and fill its frame with anything while we walk:
 * so reads may fault, and the last frame number may be any.
 */
#include "access.h"
#include "hypervisor/pv/walk.h"

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

bool walk_down(struct vcpu *v, unsigned long va)
{
	struct walked *w = &v->pv.walked;
	uint64_t changed = READ_ONCE(v->domain->pv.tables_changed);
	mfn_t m = v->pv.kernel_root;

	if (!guest_range_ok((void *)va, 1) || !step(&m, va, 39) || !step(&m, va, 30) ||
	    !step(&m, va, L1_SHIFT) || !mfn_valid(m))
		return false;
	w->region = va >> L1_SHIFT;
	w->changed = changed;
	w->table = mfn_to_frame(m);
	w->entries = mfn_to_virt(m);
	return true;
}

bool walk_kernel_pte(unsigned long va, uint64_t *pte)
{
	struct frame *table;
	uint64_t *slot;

	if (!walk(current, va, &slot, &table) || !(table->state & FRAME_VALID) ||
	    (table->state & FRAME_TYPE) != TYPE_L1)
		return false;
	*pte = READ_ONCE(*slot);
	return true;
}
