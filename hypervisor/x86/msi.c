/* SPDX-License-Identifier: MIT */
/*
 * Message-signalled interrupts (PCI Local Bus 3.0, 6.8). What a guest says about a device is not
 * believed: the capability is read from the device, as is the place of an MSI-X table (msix.c).
 */
#include "local.h"

#define PORT_ADDRESS 0xcf8
#define PORT_DATA    0xcfc

#define PCI_COMMAND 0x04
#define PCI_CAPS    0x34
#define COMMAND_NO_INTX  (1u << 10)
#define STATUS_CAPS      (1u << 20) /* of the word at PCI_COMMAND */
#define CAP_MSI  0x05
#define CAP_MSIX 0x11

/* In the capability's first word, above id and link. */
#define MSI_ENABLE    (1u << 16)
#define MSI_VECTORS   (7u << 20)
#define MSI_64        (1u << 23)
#define MSI_MASKABLE  (1u << 24)
#define MSIX_MASK_ALL (1u << 30)
#define MSIX_ENABLE   (1u << 31)
#define ENTRY_MASK    1u

#define MESSAGE_ADDRESS 0xfee00000u

/* The address register is one for all. */
static spinlock_t ports_lock = SPINLOCK(LOCK_PCI);
LOCK_NAMED(ports_lock, pci);

static uint32_t select_register(uint8_t bus, uint8_t devfn, unsigned reg)
{
	return 0x80000000u | (uint32_t)bus << 16 | (uint32_t)devfn << 8 | (reg & 0xfc);
}

uint32_t pci_read(uint8_t bus, uint8_t devfn, unsigned reg)
{
	uint32_t v;

	spin_lock(&ports_lock);
	outl(PORT_ADDRESS, select_register(bus, devfn, reg));
	v = inl(PORT_DATA);
	spin_unlock(&ports_lock);
	return v;
}

void pci_write(uint8_t bus, uint8_t devfn, unsigned reg, uint32_t val)
{
	spin_lock(&ports_lock);
	outl(PORT_ADDRESS, select_register(bus, devfn, reg));
	outl(PORT_DATA, val);
	spin_unlock(&ports_lock);
}

static unsigned find_cap(uint8_t bus, uint8_t devfn, uint8_t id)
{
	unsigned at, steps;
	uint32_t head;

	if (!(pci_read(bus, devfn, PCI_COMMAND) & STATUS_CAPS))
		return 0;
	at = pci_read(bus, devfn, PCI_CAPS) & 0xfc;
	for (steps = 0; at >= 0x40 && steps < 48; steps++) {
		head = pci_read(bus, devfn, at);
		if ((head & 0xff) == id)
			return at;
		at = head >> 8 & 0xfc;
	}
	return 0;
}

int msi_find(struct msi *m, uint8_t bus, uint8_t devfn, bool msix, uint16_t entry)
{
	*m = (struct msi){ .bus = bus, .devfn = devfn, .msix = msix, .entry = entry };
	m->cap = (uint8_t)find_cap(bus, devfn, msix ? CAP_MSIX : CAP_MSI);
	if (!m->cap)
		return -ENODEV;
	return msix ? msix_find(m) : 0;
}

static void program_msi(const struct msi *m, uint32_t address, uint32_t data)
{
	uint32_t head = pci_read(m->bus, m->devfn, m->cap);
	unsigned at = m->cap + 4u;

	pci_write(m->bus, m->devfn, m->cap, head & ~(MSI_ENABLE | MSI_VECTORS));
	pci_write(m->bus, m->devfn, at, address);
	if (head & MSI_64)
		pci_write(m->bus, m->devfn, at += 4, 0);
	pci_write(m->bus, m->devfn, at + 4, data);
	msi_mask(m, true);
	if (head & MSI_MASKABLE)
		pci_write(m->bus, m->devfn, m->cap, (head & ~MSI_VECTORS) | MSI_ENABLE);
}

void msi_program(const struct msi *m, uint8_t vector, uint32_t apic)
{
	uint32_t address = MESSAGE_ADDRESS | apic << 12,
		 command = pci_read(m->bus, m->devfn, PCI_COMMAND);

	pci_write(m->bus, m->devfn, PCI_COMMAND, (command & 0xffff) | COMMAND_NO_INTX);
	if (!m->msix) {
		program_msi(m, address, vector);
		return;
	}
	m->table[3] |= ENTRY_MASK;
	m->table[0] = address;
	m->table[1] = 0;
	m->table[2] = vector;
	pci_write(m->bus, m->devfn, m->cap,
		  (pci_read(m->bus, m->devfn, m->cap) & ~MSIX_MASK_ALL) | MSIX_ENABLE);
}

/* A plain MSI without mask bits is held back by its enable bit. */
void msi_mask(const struct msi *m, bool mask)
{
	uint32_t head;

	if (m->msix) {
		m->table[3] = mask ? m->table[3] | ENTRY_MASK : m->table[3] & ~ENTRY_MASK;
		return;
	}
	head = pci_read(m->bus, m->devfn, m->cap);
	if (head & MSI_MASKABLE)
		pci_write(m->bus, m->devfn, m->cap + (head & MSI_64 ? 0x10u : 0x0cu), mask);
	else
		pci_write(m->bus, m->devfn, m->cap, mask ? head & ~MSI_ENABLE : head | MSI_ENABLE);
}

/*
 * What comes meanwhile waits at the device (6.8.3.5): the entry must be masked while it changes. A
 * plain MSI's address is one write.
 */
void msi_aim(const struct msi *m, uint32_t apic, bool masked)
{
	uint32_t address = MESSAGE_ADDRESS | apic << 12;

	if (!m->msix) {
		pci_write(m->bus, m->devfn, m->cap + 4u, address);
		return;
	}
	msi_mask(m, true);
	m->table[0] = address;
	msi_mask(m, masked);
}

void msi_release(const struct msi *m)
{
	uint32_t head = pci_read(m->bus, m->devfn, m->cap);

	pci_write(m->bus, m->devfn, m->cap, head & ~(m->msix ? MSIX_ENABLE : MSI_ENABLE));
}
