/* SPDX-License-Identifier: MIT */
/*
 * Walks through a guest's page tables by the directmap. Validated tables hold only tables of the
 * right kind below them, and no superpages, so nothing needs checking on the way but presence. Yet
 * another vcpu of the guest may take a table away and fill its frame with anything while we walk:
 * so reads may fault, the last frame number may be any, and the result is a snapshot: who writes
 * locks the table, and thereby looks again whether it is an L1 of the domain's.
 */
#pragma once

#include "access.h"
#include "hypervisor/pv/table.h"

/* One level down: *table, a machine address, becomes that of the next. False: not present. */
static inline __attribute__((always_inline)) bool walk_step(uint64_t *table, unsigned long va,
							     unsigned shift)
{
	uint64_t e, slot = DIRECTMAP_VIRT + *table + (va >> (shift - 3) & (TABLE_ENTRIES - 1) << 3);

	guest_load(e, (const guest_u64 *)slot, fault);
	*table = e & PTE_ADDR;
	return e & PTE_P;
fault:
	return false;
}

/* The L1 entry of va in the address space of this root, and its table; NULL: there is none. */
static inline __attribute__((always_inline)) uint64_t *walk(uint64_t root, unsigned long va,
							     struct frame **table)
{
	uint64_t offset = va >> (PAGE_SHIFT - 3) & (TABLE_ENTRIES - 1) << 3;

	if (unlikely(!guest_range_ok((void *)va, 1) || !walk_step(&root, va, 39) ||
		     !walk_step(&root, va, 30) || !walk_step(&root, va, 21) ||
		     !mfn_valid(MFN(root >> PAGE_SHIFT))))
		return NULL;
	*table = mfn_to_frame(MFN(root >> PAGE_SHIFT));
	return (uint64_t *)(DIRECTMAP_VIRT + root + offset);
}
