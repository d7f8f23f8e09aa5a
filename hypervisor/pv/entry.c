/* SPDX-License-Identifier: MIT */
/*
 * One page-table entry: what a guest may put into it, and the refs that it holds.
 *
 *   L1     a ref on the data frame, typed writable if PTE_W; none on device memory, which nobody owns
 *   L2-L4  a typed ref on the table one level down; none where a table maps itself read-only
 *
 * Guest kernel and guest user both run in ring 3, so PTE_U is added everywhere; a guest's supervisor page is marked
 * PTE_KERNEL and stays out of the user's root by the guest's own choice. Global entries would survive the switch
 * of roots: PTE_G is taken away.
 */
#include "console.h"
#include "hypervisor/pv/table.h"

#define PTE_CACHE (PTE_PWT | PTE_PCD | PTE_PAT)
#define PTE_AVAIL_HIGH (0x7ffUL << 52)
#define PTE_ALLOWED (PTE_ADDR | PTE_P | PTE_W | PTE_U | PTE_A | PTE_D | PTE_AVAIL | PTE_AVAIL_HIGH | PTE_NX)
/* Bits of an unchanged present entry that need no look at the frame. */
#define PTE_FREE (PTE_U | PTE_A | PTE_D | PTE_G | PTE_AVAIL | PTE_AVAIL_HIGH | PTE_NX)

static uint64_t refused_bits(void)
{
	return ~PTE_ALLOWED | (cpu_features.nx ? 0 : PTE_NX);
}

/* A domain with devices chooses the cache attributes of its mappings. */
static uint64_t l1_refused_bits(const struct domain *d)
{
	uint64_t bits = refused_bits() & ~PTE_G;

	return d->iomem.head || d->ioports.head ? bits & ~PTE_CACHE : bits;
}

static uint64_t l1_complete(uint64_t e)
{
	if (!(e & PTE_U))
		e |= PTE_U | PTE_KERNEL;
	return e & ~PTE_G;
}

/* What is no RAM is marked so at boot, and nobody owns it. */
static bool mfn_is_device(mfn_t m)
{
	return !mfn_valid(m) ||
	       ((mfn_to_frame(m)->state & FRAME_SUPER) && mfn_to_frame(m)->owner == DOMID_IO);
}

/* Not a plain frame of `from`: device memory by permission, or an error. */
static int l1_entry_get_device(uint64_t *entry, struct domain *d, domid_t from)
{
	mfn_t m = pte_mfn(*entry);
	struct domain *who = from == DOMID_IO ? current->domain : domain_find(from);

	if (!mfn_is_device(m)) {
		gprintk(LOG_WARNING, "cannot map mfn %lx of d%u with entry %lx\n", m.n, from, *entry);
		return -EBUSY;
	}
	if (!who || !range_has(&who->iomem, m.n, m.n) || !range_has(&d->iomem, m.n, m.n)) {
		if (m.n == PTE_ADDR >> PAGE_SHIFT)
			return -EINVAL;
		gprintk(LOG_WARNING, "may not map device memory at mfn %lx\n", m.n);
		return -EPERM;
	}
	*entry = l1_complete(*entry);
	return 0;
}

int l1_entry_get(uint64_t *entry, struct domain *d, domid_t from)
{
	uint64_t e = *entry;
	mfn_t m = pte_mfn(e);

	if (unlikely(e & l1_refused_bits(d))) {
		gprintk(LOG_WARNING, "bad flags in L1 entry %lx\n", e);
		return -EINVAL;
	}
	if (likely(mfn_valid(m))) {
		struct frame *f = mfn_to_frame(m);

		if (likely(e & PTE_W ? frame_get_writable(f, from) : frame_get(f, from))) {
			*entry = l1_complete(e);
			return 0;
		}
	}
	return l1_entry_get_device(entry, d, from);
}

void l1_entry_put(uint64_t entry)
{
	mfn_t m = pte_mfn(entry);
	struct frame *f = mfn_to_frame(m);

	/* A frame without refs is device memory: had this entry taken one, it would be there still. */
	if (!(entry & PTE_P) || !mfn_valid(m) || !(f->state & FRAME_REFS))
		return;
	if (entry & PTE_W)
		(void)frame_put_typed(f); /* TYPE_WRITABLE never stops */
	else
		frame_put(f);
}

int l1_entry_write(uint64_t *slot, uint64_t entry, struct domain *d, domid_t from, bool keep_ad)
{
	uint64_t old = READ_ONCE(*slot), seen;
	bool same = false;
	int rc;

	if (entry & PTE_P) {
		same = (old & PTE_P) && !((old ^ entry) & ~PTE_FREE);
		if (same && !(entry & l1_refused_bits(d)))
			entry = l1_complete(entry);
		else if ((rc = l1_entry_get(&entry, d, from)))
			return rc;
	}
	if (keep_ad) {
		/* The processor sets A and D at any time. */
		seen = old;
		while (!__atomic_compare_exchange_n(slot, &seen, entry | (seen & (PTE_A | PTE_D)), false,
						    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			;
	} else {
		WRITE_ONCE(*slot, entry);
	}
	if (!same && (old & PTE_P))
		l1_entry_put(old);
	return 0;
}

int l1_entry_replace(uint64_t *slot, uint64_t old, uint64_t entry, struct domain *d)
{
	uint64_t seen = old;
	int rc = entry & PTE_P ? l1_entry_get(&entry, d, d->id) : 0;

	if (rc)
		return rc;
	if (!__atomic_compare_exchange_n(slot, &seen, entry, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
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
	rc = frame_get_typed(mfn_to_frame(m), table->owner, (uint64_t)(level - 1) << FRAME_TYPE_SHIFT);
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
	uint64_t old = READ_ONCE(*slot), seen = old;
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
	do
		if (!keep_ad)
			seen = READ_ONCE(*slot);
	while (!__atomic_compare_exchange_n(slot, &seen, keep_ad ? entry | (seen & (PTE_A | PTE_D)) : entry, false,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	if (!same && upper_entry_counts(old, table))
		table_put_later(mfn_to_frame(pte_mfn(old)));
	return 0;
}
