/* SPDX-License-Identifier: MIT */
/*
 * MSI-X tables (PCI Local Bus 3.0, 6.8.2): where a function has its table and its pending bits.
 *
 * Only the hypervisor writes there. While a function has a vector, or is prepared for a guest of
 * dom0's, its pages are protected: a new mapping of them is read-only, and what a guest writes
 * through it is lost, both as in stock Xen. A mapping that dom0 made before stays as it is; others
 * have none, as nobody was given the pages yet.
 *
 * Nothing that a guest says about a device is believed: the table's size and its address are read
 * from the device, and a table that lies in RAM is refused.
 */
#include "frame.h"
#include "local.h"

#define PCI_COMMAND    0x04
#define PCI_BAR0       0x10
#define COMMAND_MEMORY (1u << 1)
#define BAR_IO         1u
#define BAR_64         4u
#define BAR_LAST       5u

#define AT_TABLE         4u /* in the capability */
#define AT_PENDING       8u
#define BIR              7u
#define ENTRY_SIZE       16u
#define SIZE_FIELD(head) ((head) >> 16 & 0x7ff) /* entries, less one */

struct pages {
	uint64_t first, last; /* frames */
};

/* A function that had a vector once. Never freed; guarded by the lock of pirqs, but for readers. */
struct msix {
	struct msix *next;
	uint8_t bus, devfn;
	bool prepared;
	unsigned uses; /* its vectors, and one more while it is prepared; not 0: protected */
	struct pages table, pending;
	paddr_t base; /* of the table */
	char *va;
};
static struct msix *functions;

static bool is_device_memory(paddr_t pa)
{
	mfn_t m = MFN(pa >> PAGE_SHIFT);
	struct frame *f = mfn_to_frame(m);

	if (ioapic_is_page(pa) || pa >> cpu_features.phys_bits)
		return false;
	return !mfn_valid(m) || (f->state == FRAME_SUPER && f->owner == DOMID_IO);
}

/* The address that a register of the capability gives by BAR and offset; 0: none that can be. */
static paddr_t place(const struct msi *m, unsigned at)
{
	uint32_t where = pci_read(m->bus, m->devfn, m->cap + at), bir = where & BIR, low;
	unsigned reg = PCI_BAR0 + bir * 4;
	paddr_t pa;

	if (bir > BAR_LAST)
		return 0;
	low = pci_read(m->bus, m->devfn, reg);
	if (low & BAR_IO)
		return 0;
	pa = low & ~0xfu;
	if (low & BAR_64 && bir < BAR_LAST)
		pa |= (uint64_t)pci_read(m->bus, m->devfn, reg + 4) << 32;
	return pa ? pa + (where & ~BIR) : 0;
}

static struct pages pages_of(paddr_t pa, size_t size)
{
	return (struct pages){ pa >> PAGE_SHIFT, (pa + size - 1) >> PAGE_SHIFT };
}

static bool pages_are_device(struct pages p)
{
	for (; p.first <= p.last; p.first++)
		if (!is_device_memory(p.first << PAGE_SHIFT))
			return false;
	return true;
}

static struct msix *known(uint8_t bus, uint8_t devfn)
{
	struct msix *x;

	for (x = READ_ONCE(functions); x; x = x->next)
		if (x->bus == bus && x->devfn == devfn)
			return x;
	return NULL;
}

static struct msix *make(uint8_t bus, uint8_t devfn)
{
	struct msix *x = heap_alloc(sizeof(*x));

	if (!x)
		return NULL;
	*x = (struct msix){ .next = functions, .bus = bus, .devfn = devfn };
	__atomic_store_n(&functions, x, __ATOMIC_RELEASE);
	return x;
}

/* Where it is now: a table that nobody uses may have moved. */
static int locate(struct msix *x, const struct msi *m, unsigned entries)
{
	size_t size = entries * ENTRY_SIZE;
	paddr_t table = place(m, AT_TABLE), pending = place(m, AT_PENDING);
	struct pages p = pages_of(table, size);
	char *va = x->va;

	if (!table || !pages_are_device(p))
		return -ENXIO;
	if (x->uses)
		return table == x->base ? 0 : -ENXIO;
	if (table != x->base) {
		va = iomap(p.first << PAGE_SHIFT, (p.last - p.first + 1) << PAGE_SHIFT);
		if (!va)
			return -ENOMEM;
	}
	x->va = va;
	x->base = table;
	x->table = p;
	x->pending = pending ? pages_of(pending, ROUND_UP(entries, 64u) / 8) : p;
	return 0;
}

static int find(const struct msi *m, struct msix **x)
{
	unsigned entries = SIZE_FIELD(pci_read(m->bus, m->devfn, m->cap)) + 1;

	if (m->entry >= entries)
		return -EINVAL;
	if (!(pci_read(m->bus, m->devfn, PCI_COMMAND) & COMMAND_MEMORY))
		return -ENXIO;
	*x = known(m->bus, m->devfn);
	if (!*x)
		*x = make(m->bus, m->devfn);
	return *x ? locate(*x, m, entries) : -ENOMEM;
}

int msix_find(struct msi *m)
{
	struct msix *x;
	int rc = find(m, &x);

	if (!rc)
		m->table = (volatile uint32_t *)(x->va + (x->base & ~PAGE_MASK) +
						 m->entry * ENTRY_SIZE);
	return rc;
}

void msix_use(const struct msi *m, bool more)
{
	struct msix *x = known(m->bus, m->devfn);

	WRITE_ONCE(x->uses, more ? x->uses + 1 : x->uses - 1);
}

/* For a guest that dom0 will give the device to, before it has a vector; and the end of that. */
int msix_prepare(const struct msi *m, bool end)
{
	struct msix *x;
	int rc = find(m, &x);

	if (rc)
		return rc;
	if (end ? !x->prepared || x->uses != 1 : x->uses)
		return -EBUSY;
	x->prepared = !end;
	WRITE_ONCE(x->uses, !end);
	return 0;
}

void msix_forget(uint8_t bus, uint8_t devfn)
{
	struct msix *x = known(bus, devfn);

	if (!x || !x->prepared)
		return;
	x->prepared = false;
	WRITE_ONCE(x->uses, x->uses - 1);
}

static bool within(struct pages p, mfn_t m)
{
	return m.n >= p.first && m.n <= p.last;
}

bool msix_protects(mfn_t m)
{
	const struct msix *x;

	for (x = __atomic_load_n(&functions, __ATOMIC_ACQUIRE); x; x = x->next)
		if (READ_ONCE(x->uses) && (within(x->table, m) || within(x->pending, m)))
			return true;
	return false;
}
