/* SPDX-License-Identifier: MIT */
/*
 * update_va_mapping: one L1 entry, named by the address that it maps, and the flush that goes with
 * it. Checked are the address (not the hypervisor's), each table's presence on the walk, or that
 * nothing of it changed since the last one (walk.h), that the last is a validated L1 of the
 * caller's (by its lock), and the entry (l1.h).
 */
#include "hypervisor/pv/foreign.h"
#include "hypervisor/pv/l1.h"
#include "hypervisor/pv/walk.h"

static inline __attribute__((always_inline)) int write_entry(struct vcpu *v, unsigned long va,
							      uint64_t val, domid_t from)
{
	struct l1_rules rules = { v->domain, from };
	struct frame *table;
	uint64_t *slot;
	int rc;

	if (unlikely(!walk(v, va, &slot, &table)) || unlikely(!l1_lock(table, v->domain->id)))
		return -EINVAL;
	rc = l1_entry_write(slot, val, rules, false);
	table_unlock(table);
	return rc;
}

static NOINLINE long flush(unsigned long va, unsigned long flags)
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
			   what == UVMF_INVLPG ? va : TLB_ALL);
}

/* An entry of L1 leaves nothing to be finished later, so only what an earlier operation left is. */
long do_update_va_mapping(unsigned long va, uint64_t val, unsigned long flags)
{
	struct vcpu *v = current;
	int rc;

	if (unlikely(v->pv.old_table)) {
		work_begin();
		if (old_table_finish())
			return hypercall_continue(__HYPERVISOR_update_va_mapping, 3, va,
						  (unsigned long)val, flags);
	}
	rc = write_entry(v, va, val, v->domain->id);
	if (unlikely(rc) || flags == UVMF_NONE)
		return rc;
	if (likely(flags == (UVMF_INVLPG | UVMF_LOCAL))) {
		tlb_flush_page(va);
		return 0;
	}
	return flush(va, flags);
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
		rc = write_entry(current, va, val, from.id);
	foreign_close(&from);
	return rc ? rc : flush(va, flags);
}
