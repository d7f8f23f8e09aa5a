/* SPDX-License-Identifier: MIT */
/*
 * The GDT and LDT of a guest's vcpu. The guest's frames, typed DESC and so read-only to it, are
 * mapped into the per-domain area (layout.h): 14 pages of GDT, and up to 16 of LDT on demand, when
 * a selector load faults. Where the guest has no GDT page an empty one is mapped, for a #GP instead
 * of a #PF.
 *
 * A descriptor is harmless when it is not present, or a code or data segment of DPL 3, or a call
 * gate of DPL 0, which ring 3 cannot use (SDM vol. 3, 5.8.4).
 */
#include "access.h"
#include "console.h"
#include "hypervisor/pv/descriptor.h"
#include "hypervisor/pv/table.h"

#define DESC_TYPE (0xfUL << 40)
#define DESC_S    (1UL << 44) /* code or data */
#define DESC_DPL  (3UL << 45)
#define DESC_P    (1UL << 47)
#define DESC_GATE (0xcUL << 40) /* 64-bit call gate */

static bool gate_selector_ok(uint16_t sel)
{
	return sel >> 3 < FIRST_RESERVED_ENTRY || sel == FLAT_KERNEL_CS || (sel & 4);
}

bool descriptor_fix(uint64_t *desc)
{
	uint64_t d = *desc;

	if (!(d & DESC_P))
		return true;
	if (d & DESC_S) {
		*desc = d | DESC_DPL;
		return true;
	}
	/* Type 0: the second half of a gate. */
	if (!(d & DESC_TYPE))
		return true;
	if ((d & DESC_TYPE) != DESC_GATE || !gate_selector_ok((uint16_t)(d >> 16)) ||
	    (d >> 32 & 0xff))
		return false;
	/* The DPL that it shall seem to have is kept in the selector's RPL. */
	*desc = (d & ~DESC_DPL) | 3UL << 16;
	return true;
}

bool descriptors_validate(uint64_t *page)
{
	unsigned i;

	for (i = 0; i < TABLE_ENTRIES; i++)
		if (!descriptor_fix(&page[i]))
			return false;
	return true;
}

static uint64_t desc_pte(mfn_t m)
{
	return m.n << PAGE_SHIFT | PTE_P | PTE_W | PTE_A | PTE_D | (cpu_features.nx ? PTE_NX : 0);
}

/* What stands for a GDT page that the guest has not: 512 null descriptors, never written. */
static uint64_t empty_pte(void)
{
	static void *page;

	if (!page)
		page = hyper_alloc(0);
	return page ? desc_pte(virt_to_mfn(page)) & ~(PTE_W | PTE_D) : 0;
}

static uint64_t *vcpu_ptes(struct vcpu *v)
{
	return v->domain->pv.desc_l1[v->id];
}

void gdt_unmap(struct vcpu *v)
{
	uint64_t *pte = vcpu_ptes(v), empty = empty_pte();
	unsigned i;

	for (i = 0; i < GUEST_GDT_PAGES; i++) {
		WRITE_ONCE(pte[i], empty);
		if (!mfn_is_none(v->pv.gdt_mfn[i]))
			(void)frame_put_typed(mfn_to_frame(v->pv.gdt_mfn[i]));
		v->pv.gdt_mfn[i] = MFN_NONE;
	}
	v->pv.gdt_entries = 0;
}

int gdt_set(struct vcpu *v, const xen_ulong_t *frames, unsigned entries)
{
	unsigned pages = DIV_ROUND_UP(entries, TABLE_ENTRIES), i;
	uint64_t *pte = vcpu_ptes(v);

	if (entries > FIRST_RESERVED_ENTRY)
		return -EINVAL;
	for (i = 0; i < pages; i++)
		if (!mfn_valid(MFN(frames[i])) ||
		    frame_get_typed(mfn_to_frame(MFN(frames[i])), v->domain->id, TYPE_DESC))
			break;
	if (i < pages) {
		while (i-- > 0)
			(void)frame_put_typed(mfn_to_frame(MFN(frames[i])));
		return -EINVAL;
	}
	gdt_unmap(v);
	for (i = 0; i < pages; i++) {
		v->pv.gdt_mfn[i] = MFN(frames[i]);
		WRITE_ONCE(pte[i], desc_pte(MFN(frames[i])));
	}
	v->pv.gdt_entries = (uint16_t)entries;
	return 0;
}

long do_set_gdt(const xen_ulong_t *list, unsigned entries)
{
	xen_ulong_t frames[GUEST_GDT_PAGES];
	unsigned pages = DIV_ROUND_UP(entries, TABLE_ENTRIES);
	int rc;

	if (entries > FIRST_RESERVED_ENTRY)
		return -EINVAL;
	if (copy_from_guest(frames, list, pages * sizeof(*frames)))
		return -EFAULT;
	rc = gdt_set(current, frames, entries);
	if (!rc)
		tlb_flush_later();
	return rc;
}

void ldt_unmap(struct vcpu *v)
{
	uint64_t *pte = vcpu_ptes(v) + GDT_PAGES, old;
	unsigned i;

	if (!v->pv.ldt_mapped)
		return;
	for (i = 0; i < LDT_PAGES; i++) {
		if (!(v->pv.ldt_mapped >> i & 1))
			continue;
		old = pte[i];
		WRITE_ONCE(pte[i], 0);
		(void)frame_put_typed(mfn_to_frame(pte_mfn(old)));
	}
	v->pv.ldt_mapped = 0;
	if (v == current)
		tlb_flush_later();
}

int ldt_set(struct vcpu *v, unsigned long base, unsigned entries)
{
	if (!entries)
		base = 0;
	if ((base & ~PAGE_MASK) || !guest_range_ok((void *)base, 1) || entries > 8192)
		return -EINVAL;
	if (v->pv.ldt_base == base && v->pv.ldt_entries == entries)
		return 0;
	ldt_unmap(v);
	v->pv.ldt_base = base;
	v->pv.ldt_entries = entries;
	if (v == current)
		ldt_load(v);
	return 0;
}

bool ldt_demand(unsigned long offset)
{
	struct vcpu *v = current;
	unsigned i = (unsigned)(offset >> PAGE_SHIFT);
	uint64_t pte;
	mfn_t m;

	if (i >= LDT_PAGES || offset >= (unsigned long)v->pv.ldt_entries * 8 ||
	    (v->pv.ldt_mapped >> i & 1) ||
	    !walk_kernel_pte(v->pv.ldt_base + (offset & PAGE_MASK), &pte) || !(pte & PTE_P))
		return false;
	m = pte_mfn(pte);
	if (!mfn_valid(m) || frame_get_typed(mfn_to_frame(m), v->domain->id, TYPE_DESC))
		return false;
	WRITE_ONCE(vcpu_ptes(v)[GDT_PAGES + i], desc_pte(m));
	v->pv.ldt_mapped |= 1UL << i;
	return true;
}

bool pv_ldt_fault(unsigned long va)
{
	unsigned long area = LDT_VIRT(current->id);

	return va >= area && va < area + LDT_PAGES * PAGE_SIZE && ldt_demand(va - area);
}

void pv_gdt_attach(struct vcpu *v, struct cpu *c)
{
	WRITE_ONCE(vcpu_ptes(v)[GUEST_GDT_PAGES], desc_pte(c->gdt_mfn));
}

/* A frame that is no descriptor table may hold any descriptor, so long as it was checked, too. */
long do_update_descriptor(uint64_t maddr, uint64_t desc)
{
	struct domain *d = current->domain;
	mfn_t m = MFN(maddr >> PAGE_SHIFT);
	struct frame *f = mfn_to_frame(m);
	uint64_t type = TYPE_WRITABLE;

	if ((maddr & 7) || !mfn_valid(m) || !descriptor_fix(&desc))
		return -EINVAL;
	if ((READ_ONCE(f->state) & FRAME_TYPE) == TYPE_DESC)
		type = TYPE_DESC;
	if (frame_get_typed(f, d->id, type))
		return -EINVAL;
	WRITE_ONCE(((uint64_t *)mfn_to_virt(m))[(maddr & ~PAGE_MASK) / 8], desc);
	(void)frame_put_typed(f);
	return 0;
}
