/* SPDX-License-Identifier: MIT */
/*
 * Interrupt vectors: the hypervisor's own handlers, and physical interrupts (pirqs) given to
 * domains.
 *
 * Pirq n is GSI n for n below the number of I/O APIC lines; MSIs take numbers from the top down.
 * A pirq belongs to the domain that mapped it and is delivered once that domain bound it to an
 * event channel. A level-triggered line stays masked from its interrupt until the guest's EOI, so
 * a guest that never answers stops its own device only.
 *
 * A pirq interrupts the processor of the vcpu that its event channel notifies. When that vcpu has
 * moved, which is seen as the interrupt comes, the pirq follows it: not at once, as it may be on a
 * visit only. Every processor knows every vector alike, so one that is under way arrives in any
 * case.
 */
#include "irq.h"
#include "console.h"
#include "evtchn.h"
#include "local.h"
#include "vcpu.h"

#define VECTORS 256
#define PIC_FIRST 0xe0
#define PIC_LAST  0xef
#define FIRST_PCI_GSI 16
#define ASTRAY_MAX    4

enum pirq_kind { PIRQ_FREE, PIRQ_GSI, PIRQ_MSI, PIRQ_OWN /* the hypervisor's own line */ };

static struct pirq {
	struct domain *domain; /* NULL: nobody's */
	uint8_t kind;
	uint8_t vector;
	bool bound;
	bool level, low; /* GSI only */
	bool wants_eoi; /* level, delivered and not answered yet */
	uint8_t cpu;    /* which it interrupts */
	uint8_t astray; /* how many in a row found their vcpu on another one */
	uint32_t count; /* interrupts so far */
	struct msi msi;
} pirqs[NR_PIRQ];
static spinlock_t lock = SPINLOCK(LOCK_PIRQ); /* guards pirqs and the tables below */
LOCK_NAMED(lock, pirqs);
static irq_fn handlers[VECTORS];
static uint16_t vector_pirq[VECTORS]; /* pirq + 1; 0: none */
static BITMAP(vectors_used, VECTORS);
static BITMAP(pci_known, 65536);

void irq_set_handler(uint8_t vector, irq_fn fn)
{
	handlers[vector] = fn;
}

uint8_t irq_alloc_vector(void)
{
	unsigned v;

	for (v = VECTOR_FIRST_DYNAMIC; v <= VECTOR_LAST_DYNAMIC; v++)
		if (!bitmap_test(vectors_used, v)) {
			bitmap_set(vectors_used, v);
			return (uint8_t)v;
		}
	return 0;
}

static void free_vector(uint8_t vector)
{
	vector_pirq[vector] = 0;
	vectors_used[vector / BITS_PER_LONG] &= ~BIT(vector % BITS_PER_LONG);
}

void irq_init(void)
{
	unsigned i, gsi;
	bool level, low;

	/*
	 * PCI's lines are level-triggered and active low, ISA's neither, unless the tables say so.
	 */
	for (i = 0; i < ioapic_lines(); i++)
		pirqs[i].level = pirqs[i].low = i >= FIRST_PCI_GSI;
	for (i = 0; i < FIRST_PCI_GSI; i++) {
		gsi = isa_to_gsi(i, &level, &low);
		if (gsi >= ioapic_lines())
			continue;
		pirqs[gsi].level = level;
		pirqs[gsi].low = low;
	}
}

void gsi_use(unsigned gsi, uint8_t vector)
{
	if (gsi >= ioapic_lines())
		return;
	pirqs[gsi].kind = PIRQ_OWN;
	ioapic_route(gsi, vector, pirqs[gsi].level, pirqs[gsi].low);
	ioapic_mask(gsi, false);
}

/* Its interrupts go to processor c from now on. Locked. */
static void aim(unsigned pirq, const struct cpu *c)
{
	struct pirq *p = &pirqs[pirq];

	p->astray = 0;
	if (p->cpu == c->id)
		return;
	p->cpu = (uint8_t)c->id;
	if (p->kind == PIRQ_GSI)
		ioapic_aim(pirq, c->apic_id);
	else if (p->kind == PIRQ_MSI)
		msi_aim(&p->msi, c->apic_id, !p->bound);
}

void pirq_aim(struct domain *d, uint32_t pirq, const struct vcpu *v)
{
	spin_lock(&lock);
	if (pirqs[pirq].domain == d)
		aim(pirq, v->cpu);
	spin_unlock(&lock);
}

/*
 * The EOI comes first: a level-triggered line is masked by then and cannot come again, and whoever
 * the event wakes may run for long.
 */
static void deliver(unsigned pirq)
{
	struct pirq *p = &pirqs[pirq];
	struct domain *d = READ_ONCE(p->domain); /* another processor may just take it away */
	const struct vcpu *v;

	if (p->kind == PIRQ_GSI && p->level) {
		ioapic_mask(pirq, true);
		p->wants_eoi = true;
	}
	apic_eoi();
	p->count++;
	v = p->bound && d ? evtchn_send_pirq(d, pirq) : NULL;
	if (likely(!v || READ_ONCE(v->cpu)->id == p->cpu))
		p->astray = 0;
	else if (++p->astray >= ASTRAY_MAX)
		pirq_aim(d, pirq, v);
}

void irq_dispatch(unsigned vector)
{
	if (vector == VECTOR_SPURIOUS || (vector >= PIC_FIRST && vector <= PIC_LAST))
		return;
	if (vector_pirq[vector]) {
		deliver(vector_pirq[vector] - 1u);
		return;
	}
	apic_eoi();
	if (handlers[vector])
		handlers[vector]();
}

static void set_mask(unsigned pirq, bool mask)
{
	if (pirqs[pirq].kind == PIRQ_GSI)
		ioapic_mask(pirq, mask);
	else if (pirqs[pirq].kind == PIRQ_MSI)
		msi_mask(&pirqs[pirq].msi, mask);
}

/* Takes a vector and makes the pirq d's; the source is masked. */
static int take(struct domain *d, unsigned pirq, enum pirq_kind kind)
{
	struct pirq *p = &pirqs[pirq];
	uint8_t vector = irq_alloc_vector();

	if (!vector)
		return -ENOSPC;
	p->domain = d;
	d->pirqs++;
	p->kind = kind;
	p->vector = vector;
	p->bound = p->wants_eoi = false;
	vector_pirq[vector] = (uint16_t)(pirq + 1);
	return 0;
}

int pirq_map_gsi(struct domain *d, int gsi, int *pirq)
{
	struct pirq *p;
	int rc;

	if (gsi < 0 || gsi >= (int)ioapic_lines() || (*pirq >= 0 && *pirq != gsi))
		return -EINVAL;
	p = &pirqs[index_nospec((uint64_t)gsi, NR_GSI)];
	*pirq = gsi;
	spin_lock(&lock);
	if (p->kind == PIRQ_OWN)
		rc = -EBUSY;
	else if (p->kind != PIRQ_FREE)
		rc = p->domain == d ? 0 : -EBUSY;
	else
		rc = take(d, (unsigned)gsi, PIRQ_GSI);
	if (!rc && !p->bound) {
		p->cpu = 0;
		ioapic_route((unsigned)gsi, p->vector, p->level, p->low);
	}
	spin_unlock(&lock);
	return rc;
}

static bool is_free_msi(int n)
{
	return n < NR_PIRQ && n >= (int)ioapic_lines() && pirqs[n].kind == PIRQ_FREE;
}

/* wanted < 0: any. */
static int find_free_msi(int wanted)
{
	int i;

	if (wanted >= 0)
		return is_free_msi(wanted) ? wanted : -EINVAL;
	for (i = NR_PIRQ - 1; i >= (int)ioapic_lines(); i--)
		if (pirqs[i].kind == PIRQ_FREE)
			return i;
	return -ENOSPC;
}

/* How many pirqs are MSIs of m's function, or of the very entry. */
static unsigned uses_of(const struct msi *m, bool same_entry)
{
	unsigned i, n = 0;

	for (i = ioapic_lines(); i < NR_PIRQ; i++) {
		const struct msi *o = &pirqs[i].msi;

		n += pirqs[i].kind == PIRQ_MSI && o->bus == m->bus && o->devfn == m->devfn &&
		     (!same_entry || !o->msix || o->entry == m->entry);
	}
	return n;
}

int pirq_map_msi(struct domain *d, const struct physdev_map_pirq *req, int *pirq)
{
	uint8_t bus = (uint8_t)req->bus, devfn = (uint8_t)req->devfn;
	struct msi m;
	int n, rc;

	if (req->type == MAP_PIRQ_TYPE_MULTI_MSI)
		return -EOPNOTSUPP;
	if (req->type == MAP_PIRQ_TYPE_MSI_SEG && req->bus >> 16)
		return -ENODEV;
	if (!bitmap_test(pci_known, (unsigned)bus << 8 | devfn))
		return -ENODEV;
	spin_lock(&lock);
	rc = msi_find(&m, bus, devfn, req->table_base, (uint16_t)req->entry_nr);
	n = rc ? rc : find_free_msi(*pirq);
	rc = n < 0 ? n : uses_of(&m, true) ? -EEXIST : take(d, (unsigned)n, PIRQ_MSI);
	if (!rc) {
		pirqs[n].msi = m;
		pirqs[n].cpu = (uint8_t)this_cpu()->id;
		if (m.msix)
			msix_use(&m, true);
		msi_program(&m, pirqs[n].vector, this_cpu()->apic_id);
		*pirq = n;
	}
	spin_unlock(&lock);
	return rc;
}

/* After a reset of the function its MSIs are again as they were. */
int pirq_restore_msi(uint16_t seg, uint8_t bus, uint8_t devfn)
{
	unsigned i;

	if (seg || !bitmap_test(pci_known, (unsigned)bus << 8 | devfn))
		return -ENODEV;
	spin_lock(&lock);
	for (i = ioapic_lines(); i < NR_PIRQ; i++) {
		struct pirq *p = &pirqs[i];

		if (p->kind != PIRQ_MSI || p->msi.bus != bus || p->msi.devfn != devfn)
			continue;
		p->cpu = (uint8_t)this_cpu()->id;
		msi_program(&p->msi, p->vector, this_cpu()->apic_id);
		set_mask(i, !p->bound);
	}
	spin_unlock(&lock);
	return 0;
}

int pirq_prepare_msix(uint16_t seg, uint8_t bus, uint8_t devfn, bool end)
{
	struct msi m;
	int rc;

	if (seg || !bitmap_test(pci_known, (unsigned)bus << 8 | devfn))
		return -ENODEV;
	spin_lock(&lock);
	rc = msi_find(&m, bus, devfn, true, 0);
	if (!rc)
		rc = msix_prepare(&m, end);
	spin_unlock(&lock);
	return rc;
}

/* The number is a guest's. */
static struct pirq *owned(struct domain *d, int pirq)
{
	struct pirq *p;

	if (pirq < 0 || pirq >= NR_PIRQ)
		return NULL;
	p = &pirqs[index_nospec((uint64_t)pirq, NR_PIRQ)];
	return p->domain == d ? p : NULL;
}

bool pirq_is_mapped(struct domain *d, int pirq)
{
	return owned(d, pirq);
}

/* A port that is still bound to it never fires again. */
static void release(unsigned pirq)
{
	struct pirq *p = &pirqs[pirq];

	set_mask(pirq, true);
	free_vector(p->vector);
	if (p->kind == PIRQ_MSI) {
		p->kind = PIRQ_FREE;
		if (p->msi.msix)
			msix_use(&p->msi, false);
		if (!uses_of(&p->msi, false))
			msi_release(&p->msi);
	}
	p->kind = PIRQ_FREE;
	p->domain->pirqs--;
	p->domain = NULL;
	p->bound = p->wants_eoi = false;
}

int pirq_unmap(struct domain *d, int pirq)
{
	int rc = -EINVAL;

	spin_lock(&lock);
	if (owned(d, pirq)) {
		release((unsigned)pirq);
		rc = 0;
	}
	spin_unlock(&lock);
	return rc;
}

int pirq_bind(struct domain *d, int pirq, bool share)
{
	struct pirq *p;
	int rc = 0;

	spin_lock(&lock);
	p = owned(d, pirq);
	if (!p)
		rc = -EINVAL;
	else if (p->bound)
		rc = -EBUSY;
	if (!rc) {
		p->bound = true;
		p->wants_eoi = false;
		set_mask((unsigned)pirq, false);
	}
	spin_unlock(&lock);
	return rc;
}

void pirq_unbind(struct domain *d, int pirq)
{
	struct pirq *p;

	spin_lock(&lock);
	p = owned(d, pirq);
	if (p && p->bound) {
		set_mask((unsigned)pirq, true);
		p->bound = p->wants_eoi = false;
	}
	spin_unlock(&lock);
}

int pirq_eoi(struct domain *d, int pirq)
{
	struct pirq *p;
	int rc = 0;

	spin_lock(&lock);
	p = owned(d, pirq);
	if (!p) {
		rc = -EINVAL;
	} else if (p->wants_eoi) {
		p->wants_eoi = false;
		if (p->bound)
			set_mask((unsigned)pirq, false);
	}
	spin_unlock(&lock);
	return rc;
}

bool pirq_needs_eoi(struct domain *d, int pirq)
{
	struct pirq *p = owned(d, pirq);

	return p && p->kind == PIRQ_GSI && p->level;
}

int gsi_setup(int gsi, bool level, bool low)
{
	if (gsi < 0 || gsi >= (int)ioapic_lines())
		return -EINVAL;
	spin_lock(&lock);
	if (pirqs[gsi].kind == PIRQ_FREE) {
		pirqs[gsi].level = level;
		pirqs[gsi].low = low;
	}
	spin_unlock(&lock);
	return 0;
}

void pirq_destroy_domain(struct domain *d)
{
	unsigned i;

	spin_lock(&lock);
	for (i = 0; d->pirqs && i < NR_PIRQ; i++)
		if (pirqs[i].domain == d)
			release(i);
	spin_unlock(&lock);
}

int pci_device_add(uint16_t seg, uint8_t bus, uint8_t devfn)
{
	if (seg)
		return -EINVAL;
	bit_set(pci_known, (unsigned)bus << 8 | devfn);
	return 0;
}

int pci_device_remove(uint16_t seg, uint8_t bus, uint8_t devfn)
{
	if (seg || !bit_test_and_clear(pci_known, (unsigned)bus << 8 | devfn))
		return -ENODEV;
	spin_lock(&lock);
	msix_forget(bus, devfn);
	spin_unlock(&lock);
	return 0;
}

void irq_print(void)
{
	static const char *const kind[] = { "", "GSI", "MSI", "the hypervisor's" };
	const struct pirq *p;

	for (p = pirqs; p < pirqs + NR_PIRQ; p++)
		if (p->kind != PIRQ_FREE)
			printk(LOG_ERR, "pirq %lu: %s, d%d, vector %x, cpu %u, %u so far%s%s",
			       (unsigned long)(p - pirqs), kind[p->kind],
			       p->domain ? (int)p->domain->id : -1, p->vector, p->cpu, p->count,
			       p->bound ? "" : ", unbound", p->wants_eoi ? ", wants its EOI" : "");
}
