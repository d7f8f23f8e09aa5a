/* SPDX-License-Identifier: MIT */
/*
 * update_va_mapping: one L1 entry, named by the address that it maps, and the flush that goes with
 * it.
 */
#include "access.h"
#include "hypervisor/pv/foreign.h"
#include "hypervisor/pv/table.h"

static int write_entry(unsigned long va, uint64_t val, domid_t from)
{
	struct domain *d = current->domain;
	struct l1_rules rules;
	int rc = -EINVAL;
	uint64_t *slot;
	uint64_t type;
	mfn_t table;

	slot = walk_l1(va, &table);
	if (!slot)
		return -EINVAL;
	type = table_lock(mfn_to_frame(table), d->id);
	if (!type)
		return -EINVAL;
	if (likely(type == TYPE_L1)) {
		l1_rules_set(&rules, d, from);
		rc = l1_entry_write(slot, val, &rules, false);
	}
	table_unlock(mfn_to_frame(table));
	return rc;
}

static int flush(unsigned long va, unsigned long flags)
{
	unsigned long what = flags & UVMF_FLUSHTYPE_MASK, where = flags & ~UVMF_FLUSHTYPE_MASK;

	if (what != UVMF_TLB_FLUSH && what != UVMF_INVLPG)
		return 0;
	if (where == UVMF_LOCAL) {
		if (what == UVMF_INVLPG)
			tlb_flush_page(va);
		else
			tlb_flush_later();
		return 0;
	}
	return flush_vcpus(current->domain, where == UVMF_ALL ? NULL : (void *)where,
			   what == UVMF_INVLPG ? va : ~0UL);
}

long do_update_va_mapping(unsigned long va, uint64_t val, unsigned long flags)
{
	int rc;

	work_begin();
	if (unlikely(old_table_finish()))
		return hypercall_continue(__HYPERVISOR_update_va_mapping, 3, va, (unsigned long)val,
					  flags);
	rc = write_entry(va, val, current->domain->id);
	return rc ? rc : flush(va, flags);
}

long do_update_va_mapping_otherdomain(unsigned long va, uint64_t val, unsigned long flags,
				      domid_t dom)
{
	struct foreign from;
	int rc;

	work_begin();
	if (unlikely(old_table_finish()))
		return hypercall_continue(__HYPERVISOR_update_va_mapping_otherdomain, 4, va,
					  (unsigned long)val, flags, (unsigned long)dom);
	rc = foreign_open(&from, dom);
	if (rc)
		return rc;
	rc = foreign_permitted(&from);
	if (!rc)
		rc = write_entry(va, val, from.id);
	foreign_close(&from);
	return rc ? rc : flush(va, flags);
}
