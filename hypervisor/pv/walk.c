/* SPDX-License-Identifier: MIT */
/* What maps an address of the guest's kernel. */
#include "hypervisor/pv/walk.h"

bool walk_kernel_pte(unsigned long va, uint64_t *pte)
{
	struct frame *table;
	uint64_t *slot = walk(current->pv.kernel_root.n << PAGE_SHIFT, va, &table);

	if (!slot || !(table->state & FRAME_VALID) || (table->state & FRAME_TYPE) != TYPE_L1)
		return false;
	*pte = READ_ONCE(*slot);
	return true;
}
