/* SPDX-License-Identifier: MIT */
/*
 * Which L1 maps an address of the current vcpu's kernel. The tables are walked by the directmap
 * (walk.c), and the last answer is kept: updates come in runs for neighbouring addresses. It holds
 * for the 2 MiB that an L1 maps, as long as the vcpu has the same root and no entry above the L1s
 * of its domain was written: pv_domain.tables_changed counts those, behind the write, so who reads
 * the count, then walks, has the tables as they were at that count or newer.
 *
 * Either way the result is a snapshot, as another vcpu may take the table away and fill its frame
 * with anything: who writes locks the table, and thereby looks whether it is an L1 of the domain's.
 */
#pragma once

#include "hypervisor/pv/table.h"

#define L1_SHIFT 21 /* of the addresses that one maps */

bool walk_down(struct vcpu *v, unsigned long va); /* into v->pv.walked; false: there is no L1 */

/* The L1 entry of va and its table; false: there is none. */
static inline __attribute__((always_inline)) bool walk(struct vcpu *v, unsigned long va,
							uint64_t **slot, struct frame **table)
{
	struct walked *w = &v->pv.walked;

	if (unlikely(va >> L1_SHIFT != w->region) ||
	    unlikely(READ_ONCE(v->domain->pv.tables_changed) != w->changed))
		if (!walk_down(v, va))
			return false;
	*table = w->table;
	*slot = w->entries + (va >> PAGE_SHIFT & (TABLE_ENTRIES - 1));
	return true;
}
