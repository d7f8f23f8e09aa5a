/* SPDX-License-Identifier: MIT */
/*
 * One page-table entry: what a guest may put into it, and the refs that it holds.
 *
 *   L1     a ref on the data frame, typed writable if PTE_W; none on device memory, which nobody
 * owns L2-L4  a typed ref on the table one level down; none where a table maps itself read-only
 *
 * Guest kernel and guest user both run in ring 3, so PTE_U is added everywhere; a guest's
 * supervisor page is marked PTE_KERNEL and stays out of the user's root by the guest's own choice.
 * Global entries would survive the switch of roots: PTE_G is taken away.
 */
#include "console.h"
#include "hypervisor/pv/l1.h"

#define PTE_CACHE (PTE_PWT | PTE_PCD | PTE_PAT)
#define PTE_ALLOWED (PTE_ADDR | PTE_P | PTE_W | (PTE_FREE & ~PTE_G))

uint64_t l1_refused = ~0UL;

static uint64_t refused_bits(void)
{
	return ~PTE_ALLOWED | (cpu_features.nx ? 0 : PTE_NX);
}

/* A domain with devices chooses the cache attributes of its mappings. */
static uint64_t l1_refused_of(struct domain *d)
{
	uint64_t bits = refused_bits() & ~PTE_G;

	l1_refused = bits;
	return d->iomem.head || d->ioports.head ? bits & ~PTE_CACHE : bits;
}

/* What is no RAM is marked so at boot, and nobody owns it. */
static bool mfn_is_device(mfn_t m)
{
	return !mfn_valid(m) ||
	       ((mfn_to_frame(m)->state & FRAME_SUPER) && mfn_to_frame(m)->owner == DOMID_IO);
}

/* Device memory is not cached: write-back becomes uncacheable, write-through and -protected too. */
static uint64_t uncached(uint64_t e)
{
	switch (e & PTE_CACHE) {
	case 0:
	case PTE_PWT:
	case PTE_PWT | PTE_PAT:
		return (e & ~PTE_PAT) | PTE_PWT | PTE_PCD;
	}
	return e;
}

/* Not a plain frame of whom it should be: device memory by permission, or an error. */
static uint64_t l1_entry_get_device(uint64_t e, struct l1_rules r)
{
	struct domain *who = r.from == DOMID_IO ? current->domain : domain_find(r.from);
	mfn_t m = pte_mfn(e);

	if (!mfn_is_device(m)) {
		gprintk(LOG_WARNING, "cannot map mfn %lx of d%u with entry %lx\n", m.n, r.from, e);
		return L1_ERROR(-EBUSY);
	}
	if (!who || !range_has(&who->iomem, m.n, m.n) || !range_has(&r.d->iomem, m.n, m.n)) {
		if (m.n == PTE_ADDR >> PAGE_SHIFT)
			return L1_ERROR(-EINVAL);
		gprintk(LOG_WARNING, "may not map device memory at mfn %lx\n", m.n);
		return L1_ERROR(-EPERM);
	}
	if (e & PTE_W && msix_protects(m)) {
		gprintk(LOG_WARNING, "may only read device memory at mfn %lx\n", m.n);
		e &= ~PTE_W;
	}
	return l1_complete(uncached(e));
}

uint64_t l1_entry_get_slow(uint64_t e, struct l1_rules r)
{
	struct frame *f = mfn_to_frame(pte_mfn(e));

	if (e & l1_refused_of(r.d)) {
		gprintk(LOG_WARNING, "bad flags in L1 entry %lx\n", e);
		return L1_ERROR(-EINVAL);
	}
	if (mfn_valid(pte_mfn(e)) &&
	    (e & PTE_W ? frame_get_writable(f, r.from) : frame_get(f, r.from)))
		return l1_complete(e);
	return l1_entry_get_device(e, r);
}

void l1_entry_put_slow(struct frame *f, bool writable)
{
	if (nr_cpus == 1)
		l1_entry_drop(f, writable, true);
	else
		l1_entry_drop(f, writable, false);
}

void entry_store(uint64_t *slot, uint64_t entry, bool keep_ad)
{
	uint64_t seen = READ_ONCE(*slot);

	if (!keep_ad) {
		WRITE_ONCE(*slot, entry);
		return;
	}
	/* The processor sets A and D at any time. */
	while (!__atomic_compare_exchange_n(slot, &seen, entry | (seen & (PTE_A | PTE_D)), false,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

int l1_entry_replace(uint64_t *slot, uint64_t old, uint64_t entry, struct l1_rules r)
{
	uint64_t seen = old;

	if (entry & PTE_P) {
		entry = l1_entry_get(entry, r);
		if (!(entry & PTE_P))
			return l1_error(entry);
	}
	if (!__atomic_compare_exchange_n(slot, &seen, entry, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED)) {
		l1_entry_put(entry);
		return -EAGAIN;
	}
	l1_entry_put(old);
	return 0;
}

bool upper_entry_counts(uint64_t entry, struct frame *table)
{
	return (entry & PTE_P) && !mfn_eq(pte_mfn(entry), frame_to_mfn(table));
}

int upper_entry_get(uint64_t *entry, struct frame *table, unsigned level)
{
	uint64_t e = *entry;
	mfn_t m = pte_mfn(e);
	int rc;

	if (e & refused_bits()) {
		gprintk(LOG_WARNING, "bad flags in L%u entry %lx\n", level, e);
		return -EINVAL;
	}
	if (!mfn_valid(m))
		return -EINVAL;
	rc = frame_get_typed(mfn_to_frame(m), table->owner,
			     (uint64_t)(level - 1) << FRAME_TYPE_SHIFT);
	/* The table maps itself: harmless while it is read-only. */
	if (rc == -EINVAL && !upper_entry_counts(e, table) && !(e & PTE_W))
		rc = 0;
	if (!rc)
		*entry = e | PTE_U;
	return rc;
}

int upper_entry_put(uint64_t entry, struct frame *table)
{
	return upper_entry_counts(entry, table) ? frame_put_typed(mfn_to_frame(pte_mfn(entry))) : 0;
}

int upper_entry_write(uint64_t *slot, uint64_t entry, struct frame *table, bool keep_ad)
{
	unsigned level = type_level(table->state & FRAME_TYPE);
	unsigned i = (unsigned)((uint64_t)slot & ~PAGE_MASK) / 8;
	uint64_t old = READ_ONCE(*slot);
	bool same = false;
	int rc;

	if (slot_is_hyper(level, i)) {
		gprintk(LOG_WARNING, "may not change slot %u of an L4\n", i);
		return -EINVAL;
	}
	if (entry & PTE_P) {
		same = (old & PTE_P) && !((old ^ entry) & ~PTE_FREE);
		if (same && !(entry & refused_bits()))
			entry |= PTE_U;
		else if ((rc = upper_entry_get(&entry, table, level)))
			return rc;
	}
	entry_store(slot, entry, keep_ad);
	__atomic_add_fetch(&domain_find(table->owner)->pv.tables_changed, 1, __ATOMIC_SEQ_CST);
	if (!same && upper_entry_counts(old, table))
		table_put_later(mfn_to_frame(pte_mfn(old)));
	return 0;
}
