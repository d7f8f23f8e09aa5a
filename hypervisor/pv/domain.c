/* SPDX-License-Identifier: MIT */
/*
 * What the PV kind adds to a domain and its vcpus: the per-domain area of the address space
 * (layout.h), a table tree of the hypervisor's own that every root of the domain points to, and the
 * way back of all that a dying domain's page tables hold.
 */
#include "console.h"
#include "hypervisor/pv/context.h"
#include "hypervisor/pv/decode.h"
#include "hypervisor/pv/descriptor.h"
#include "hypervisor/pv/table.h"

#define VCPUS_PER_TABLE (TABLE_ENTRIES / VCPU_DESC_PAGES)

static uint64_t table_pte(void *table)
{
	return virt_to_mfn(table).n << PAGE_SHIFT | PTE_P | PTE_W | PTE_A;
}

/* The L1s come with the vcpus. */
int pv_domain_init(struct domain *d)
{
	uint64_t *l3 = hyper_alloc(0), *l2 = hyper_alloc(0);

	d->pv.desc_l1 = heap_alloc(MAX_VCPUS * sizeof(*d->pv.desc_l1));
	if (!l3 || !l2 || !d->pv.desc_l1) {
		if (l2)
			hyper_free(l2, 0);
		if (l3)
			hyper_free(l3, 0);
		heap_free(d->pv.desc_l1);
		d->pv.desc_l1 = NULL;
		return -ENOMEM;
	}
	l3[0] = table_pte(l2);
	d->pv.l3_perdomain = virt_to_mfn(l3);
	return 0;
}

void pv_domain_destroy(struct domain *d)
{
	uint64_t *l3, *l2;
	unsigned i;

	if (!d->pv.desc_l1)
		return;
	l3 = mfn_to_virt(d->pv.l3_perdomain);
	l2 = mfn_to_virt(pte_mfn(l3[0]));
	for (i = 0; i < MAX_VCPUS / VCPUS_PER_TABLE; i++)
		if (l2[i] & PTE_P)
			hyper_free(mfn_to_virt(pte_mfn(l2[i])), 0);
	hyper_free(l2, 0);
	hyper_free(l3, 0);
	heap_free(d->pv.desc_l1);
	d->pv.desc_l1 = NULL;
}

void vcpu_reset_registers(struct vcpu *v)
{
	v->pv.ctrlreg[4] = guest_cr4(0);
	v->pv.debugreg[6] = 0xffff0ff0;
	v->pv.debugreg[7] = 0x400;
}

int pv_vcpu_init(struct vcpu *v)
{
	struct domain *d = v->domain;
	uint64_t *l3 = mfn_to_virt(d->pv.l3_perdomain);
	uint64_t *l2e = (uint64_t *)mfn_to_virt(pte_mfn(l3[0])) + v->id / VCPUS_PER_TABLE, *l1;
	unsigned i;

	if (!(*l2e & PTE_P)) {
		l1 = hyper_alloc(0);
		if (!l1)
			return -ENOMEM;
		*l2e = table_pte(l1);
	}
	l1 = mfn_to_virt(pte_mfn(*l2e));
	d->pv.desc_l1[v->id] = l1 + v->id % VCPUS_PER_TABLE * VCPU_DESC_PAGES;
	for (i = 0; i < GUEST_GDT_PAGES; i++)
		v->pv.gdt_mfn[i] = MFN_NONE;
	v->pv.kernel_root = v->pv.user_root = MFN_NONE;
	v->pv.walked.region = WALKED_NONE;
	gdt_unmap(v);
	vcpu_reset_registers(v);
	return 0;
}

void pv_vcpu_destroy(struct vcpu *v)
{
	v->domain->pv.desc_l1[v->id] = NULL;
}

/* Drop a root; what of it cannot be done now waits in old_table. The slot is empty. */
static int drop_root(struct vcpu *v, mfn_t *root)
{
	struct frame *f = mfn_to_frame(*root);

	if (mfn_is_none(*root))
		return 0;
	*root = MFN_NONE;
	if (!frame_put_typed(f))
		return 0;
	v->pv.old_table = f;
	return -ERESTART;
}

static int vcpu_relinquish(struct vcpu *v)
{
	int rc = 0;

	if (v->pv.old_table) {
		rc = frame_put_rest(v->pv.old_table);
		if (rc)
			return rc;
		v->pv.old_table = NULL;
	}
	rc = drop_root(v, &v->pv.kernel_root);
	if (!rc)
		rc = drop_root(v, &v->pv.user_root);
	if (rc)
		return rc;
	ldt_unmap(v);
	gdt_unmap(v);
	return 0;
}

/* Down before anything goes: between two tries its domain may run on. */
int pv_vcpu_reset(struct vcpu *v)
{
	int rc;

	v->initialised = false;
	v->down = true;
	rc = vcpu_relinquish(v);
	if (rc)
		return rc;
	v->nmi_pending = v->nmi_masked = false;
	v->pv.ldt_entries = 0;
	v->pv.walked.region = WALKED_NONE;
	vcpu_reset_registers(v);
	return 0;
}

/* f is held by a plain ref. Its pin goes, and what stopped in the middle is undone. */
int pv_relinquish_frame(struct frame *f)
{
	int rc = 0;

	if (__atomic_fetch_and(&f->state, ~FRAME_PINNED, __ATOMIC_ACQ_REL) & FRAME_PINNED)
		rc = frame_put_typed(f);
	if (!rc && (f->state & FRAME_PARTIAL)) {
		/* The plain ref that frame_put_rest drops. */
		__atomic_add_fetch(&f->state, FRAME_REF, __ATOMIC_RELAXED);
		rc = frame_put_rest(f);
	}
	if (rc)
		frame_put(f); /* PARTIAL holds it for the next time */
	return rc;
}

int pv_relinquish(struct domain *d)
{
	unsigned i;
	int rc;

	for (i = 0; i < d->max_vcpus; i++) {
		rc = d->vcpu[i] ? vcpu_relinquish(d->vcpu[i]) : 0;
		if (rc)
			return rc;
	}
	return 0;
}
