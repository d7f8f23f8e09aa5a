/* SPDX-License-Identifier: MIT */
/*
 * The root tables. The guest's kernel and user both run in ring 3, told apart by the root: the
 * user's maps no kernel page. Each root is held by a typed ref of its vcpu, apart from any pin.
 *
 * The read-only M2P (slot 256) is in a root since it was loaded as a kernel's; with the assist
 * m2p_strict it is in every table from validation on, and leaves those that become a user's.
 */
#include "console.h"
#include "hypervisor/pv/descriptor.h"
#include "hypervisor/pv/root.h"
#include "hypervisor/pv/table.h"

static bool m2p_strict(const struct domain *d)
{
	return d->pv.vm_assist >> VMASST_TYPE_m2p_strict & 1;
}

static void m2p_show(mfn_t root, bool visible)
{
	uint64_t *slot = (uint64_t *)mfn_to_virt(root) + L4_HYPER_FIRST;

	WRITE_ONCE(*slot, visible ? hyper_l4[L4_HYPER_FIRST] : 0);
}

void pv_l4_init(uint64_t *l4, struct domain *d)
{
	unsigned i;

	for (i = L4_HYPER_FIRST; i <= L4_HYPER_LAST; i++)
		l4[i] = hyper_l4[i];
	if (!m2p_strict(d))
		l4[L4_HYPER_FIRST] = 0;
	l4[L4_PERDOMAIN] = d->pv.l3_perdomain.n << PAGE_SHIFT | PTE_P | PTE_W | PTE_A | PTE_D;
}

static void update_cr3(struct vcpu *v)
{
	v->pv.cr3 = (v->pv.user_mode ? v->pv.user_root : v->pv.kernel_root).n << PAGE_SHIFT;
}

void root_take_kernel(struct vcpu *v, mfn_t m)
{
	m2p_show(m, true);
	v->pv.kernel_root = m;
	v->pv.walked.region = WALKED_NONE;
	update_cr3(v);
}

void root_take_user(struct vcpu *v, mfn_t m)
{
	if (!mfn_is_none(m) && m2p_strict(v->domain))
		m2p_show(m, false);
	v->pv.user_root = m;
	update_cr3(v);
}

static int root_get(mfn_t m)
{
	int rc;

	if (!mfn_valid(m))
		return -EINVAL;
	rc = frame_get_typed(mfn_to_frame(m), current->domain->id, TYPE_L4);
	if (rc && rc != -ERESTART)
		gprintk(LOG_WARNING, "error %d: mfn %lx cannot become a root\n", rc, m.n);
	return rc;
}

int root_set_kernel(mfn_t m)
{
	struct vcpu *v = current;
	mfn_t old = v->pv.kernel_root;
	int rc;

	if (!mfn_eq(old, m)) {
		rc = root_get(m);
		if (rc)
			return rc;
		ldt_unmap(v);
		root_take_kernel(v, m);
	}
	switch_root(v);
	if (!mfn_eq(old, m) && !mfn_is_none(old))
		table_put_later(mfn_to_frame(old));
	return 0;
}

int root_set_user(mfn_t m)
{
	struct vcpu *v = current;
	mfn_t old = v->pv.user_root, new = m.n ? m : MFN_NONE;
	int rc;

	if (mfn_eq(old, new))
		return 0;
	if (!mfn_is_none(new)) {
		rc = root_get(new);
		if (rc)
			return rc;
	}
	root_take_user(v, new);
	if (!mfn_is_none(old))
		table_put_later(mfn_to_frame(old));
	return 0;
}

void root_toggle_tables(struct vcpu *v)
{
	v->pv.user_mode = !v->pv.user_mode;
	update_cr3(v);
	switch_root(v);
}

void root_toggle(struct vcpu *v)
{
	__asm__ volatile("swapgs");
	root_toggle_tables(v);
}
