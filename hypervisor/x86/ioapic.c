/* SPDX-License-Identifier: MIT */
/*
 * The I/O APICs: interrupt lines (GSIs) to vectors of processors. Also the old PICs,
 * which are silenced.
 */
#include "console.h"
#include "irq.h"
#include "local.h"

#define REG_VERSION 1
#define REG_ROUTE(line) (0x10 + 2 * (line))
#define ROUTE_MASKED (1u << 16)
#define ROUTE_LEVEL  (1u << 15)
#define ROUTE_LOW    (1u << 13)

#define PIC1 0x20
#define PIC2 0xa0
#define PIC_VECTOR 0xe0

static struct ioapic {
	volatile uint32_t *regs;
	paddr_t base;
	unsigned first, lines;
	uint32_t low[NR_GSI]; /* lower word of each line's route, as written */
} ioapics[ARRAY_SIZE(acpi.ioapic)];
/* A register is two accesses; and the copies of the routes. */
static spinlock_t lock = SPINLOCK(LOCK_IOAPIC);
LOCK_NAMED(lock, ioapics);
static unsigned nr_ioapics, nr_lines;

static uint32_t reg_read(struct ioapic *io, uint32_t reg)
{
	io->regs[0] = reg;
	return io->regs[4];
}

static void reg_write(struct ioapic *io, uint32_t reg, uint32_t v)
{
	io->regs[0] = reg;
	io->regs[4] = v;
}

/*
 * Moved off the exceptions' vectors first: even masked, a PIC may raise its spurious interrupt. And
 * before apic_init: a request that is pending when the local APIC stops listening stays for ever.
 */
static void silence_pics(void)
{
	outb(PIC1, 0x11);
	outb(PIC2, 0x11);
	outb(PIC1 + 1, PIC_VECTOR);
	outb(PIC2 + 1, PIC_VECTOR + 8);
	outb(PIC1 + 1, 4);
	outb(PIC2 + 1, 2);
	outb(PIC1 + 1, 1);
	outb(PIC2 + 1, 1);
	outb(PIC1 + 1, 0xff);
	outb(PIC2 + 1, 0xff);
}

static void line_write(struct ioapic *io, unsigned line, uint32_t low)
{
	if (io->low[line] == low)
		return;
	io->low[line] = low;
	reg_write(io, REG_ROUTE(line), low);
}

void ioapic_init(void)
{
	unsigned i, line;

	silence_pics();
	for (i = 0; i < acpi.nr_ioapics; i++) {
		struct ioapic *io = &ioapics[nr_ioapics];

		io->regs = iomap(acpi.ioapic[i].base, PAGE_SIZE);
		if (!io->regs || acpi.ioapic[i].gsi >= NR_GSI)
			continue;
		io->base = acpi.ioapic[i].base;
		io->first = acpi.ioapic[i].gsi;
		io->lines = MIN((reg_read(io, REG_VERSION) >> 16 & 0xff) + 1, NR_GSI - io->first);
		for (line = 0; line < io->lines; line++)
			line_write(io, line, ROUTE_MASKED);
		nr_lines = MAX(nr_lines, io->first + io->lines);
		nr_ioapics++;
	}
}

unsigned ioapic_lines(void)
{
	return nr_lines;
}

static struct ioapic *of_gsi(unsigned gsi, unsigned *line)
{
	unsigned i;

	for (i = 0; i < nr_ioapics; i++) {
		*line = gsi - ioapics[i].first;
		if (gsi >= ioapics[i].first && *line < ioapics[i].lines)
			return &ioapics[i];
	}
	return NULL;
}

void ioapic_route(unsigned gsi, uint8_t vector, bool level, bool low)
{
	unsigned line;
	struct ioapic *io = of_gsi(gsi, &line);

	if (!io)
		return;
	spin_lock(&lock);
	reg_write(io, REG_ROUTE(line) + 1, cpus[0]->apic_id << 24);
	line_write(io, line,
		   vector | ROUTE_MASKED | (level ? ROUTE_LEVEL : 0) | (low ? ROUTE_LOW : 0));
	spin_unlock(&lock);
}

/* The upper word alone: trigger, mask and what is pending stay as they are. */
void ioapic_aim(unsigned gsi, uint32_t apic)
{
	unsigned line;
	struct ioapic *io = of_gsi(gsi, &line);

	if (!io)
		return;
	spin_lock(&lock);
	reg_write(io, REG_ROUTE(line) + 1, apic << 24);
	spin_unlock(&lock);
}

void ioapic_mask(unsigned gsi, bool mask)
{
	unsigned line;
	struct ioapic *io = of_gsi(gsi, &line);

	if (!io)
		return;
	spin_lock(&lock);
	line_write(io, line, mask ? io->low[line] | ROUTE_MASKED : io->low[line] & ~ROUTE_MASKED);
	spin_unlock(&lock);
}

/*
 * PHYSDEVOP_apic_read and _write: dom0 may look; its routes are its wishes for polarity and
 * trigger of a line that no pirq uses yet, and never reach the chip as they are.
 */
static struct ioapic *of_base(unsigned long base)
{
	unsigned i;

	for (i = 0; i < nr_ioapics; i++)
		if (ioapics[i].base == base)
			return &ioapics[i];
	return NULL;
}

int ioapic_read(unsigned long base, uint32_t reg, uint32_t *val)
{
	struct ioapic *io = of_base(base);

	if (!io)
		return -EINVAL;
	spin_lock(&lock);
	*val = reg_read(io, reg & 0xff);
	spin_unlock(&lock);
	return 0;
}

int ioapic_write(unsigned long base, uint32_t reg, uint32_t val)
{
	struct ioapic *io = of_base(base);
	unsigned line = (reg - REG_ROUTE(0)) / 2;

	if (!io)
		return -EINVAL;
	if (reg < REG_ROUTE(0) || line >= io->lines || reg & 1)
		return 0;
	gsi_setup((int)(io->first + line), val & ROUTE_LEVEL, val & ROUTE_LOW);
	return 0;
}

bool ioapic_is_page(paddr_t pa)
{
	unsigned i;

	for (i = 0; i < nr_ioapics; i++)
		if (ROUND_DOWN(ioapics[i].base, PAGE_SIZE) == ROUND_DOWN(pa, PAGE_SIZE))
			return true;
	return ROUND_DOWN(pa, PAGE_SIZE) == acpi.apic;
}
