/* SPDX-License-Identifier: MIT */
/* What page tables and vcpus hold of frames, for the audit: by the rules of table.c, entry.c. */
#include "audit.h"
#include "hypervisor/pv/descriptor.h"
#include "hypervisor/pv/table.h"

static void count_l1(const uint64_t *table)
{
	unsigned i;

	for (i = 0; i < TABLE_ENTRIES; i++)
		if (table[i] & PTE_P && mfn_valid(pte_mfn(table[i])))
			audit_ref(pte_mfn(table[i]), table[i] & PTE_W);
}

static void count_upper(const uint64_t *table, struct frame *f, unsigned level)
{
	unsigned end = f->state & FRAME_PARTIAL ? f->done & DONE_INDEX : TABLE_ENTRIES, i;

	for (i = 0; i < end; i++)
		if (!slot_is_hyper(level, i) && upper_entry_counts(table[i], f))
			audit_ref(pte_mfn(table[i]), true);
	if (f->state & FRAME_PARTIAL && f->done & DONE_CHILD)
		audit_ref(pte_mfn(table[end]), false);
}

void pv_audit_table(const struct frame *f)
{
	const uint64_t *table = mfn_to_virt(frame_to_mfn(f));
	uint64_t type = f->state & FRAME_TYPE;

	if (!type_is_table(type) || !(f->state & (FRAME_VALID | FRAME_PARTIAL)))
		return;
	if (type == TYPE_L1)
		count_l1(table);
	else
		count_upper(table, mfn_to_frame(frame_to_mfn(f)), type_level(type));
}

static void count_root(mfn_t root)
{
	if (!mfn_is_none(root))
		audit_ref(root, true);
}

void pv_audit(struct domain *d)
{
	unsigned i, page;

	for (i = 0; i < d->max_vcpus; i++) {
		const struct vcpu *v = d->vcpu[i];

		if (!v)
			continue;
		count_root(v->pv.kernel_root);
		count_root(v->pv.user_root);
		for (page = 0; page < GUEST_GDT_PAGES; page++)
			count_root(v->pv.gdt_mfn[page]);
		for (page = 0; page < LDT_PAGES; page++)
			if (v->pv.ldt_mapped >> page & 1)
				audit_ref(pte_mfn(d->pv.desc_l1[i][GDT_PAGES + page]), true);
		if (v->pv.old_table)
			audit_ref(frame_to_mfn(v->pv.old_table), false);
		if (v->info_frame)
			audit_ref(frame_to_mfn(v->info_frame), true);
	}
}
