/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space, enumeration and BARs (PCI Local Bus 3.0, chapter 6).
 *
 * Each access traps: the ports belong to the hypervisor, which does for us what it lets us do. All
 * of it happens while drivers start; nothing here is fast, and nothing needs to be.
 */

#include "guest/virtio/pci.h"

#include <errno.h>
#include <stdlib.h>

#include "guest/console.h"
#include "guest/hypercall.h"
#include "guest/init.h"
#include "guest/spinlock.h"
#include "guest/vmap.h"

#define PORT_ADDRESS 0xcf8
#define PORT_DATA    0xcfc

#define REG_VENDOR        0x00
#define REG_STATUS        0x06
#define REG_CLASS         0x08
#define REG_HEADER_TYPE   0x0e
#define REG_BAR0          0x10
#define REG_SECONDARY_BUS 0x19
#define REG_SUBSYSTEM     0x2c
#define REG_CAPABILITIES  0x34
#define STATUS_CAPS       0x10
#define HEADER_MULTI      0x80
#define HEADER_KIND       0x7f
#define HEADER_DEVICE     0x00
#define HEADER_BRIDGE     0x01
#define BAR_IO            0x1
#define BAR_KIND          0x6
#define BAR_64BIT         0x4
#define BAR_FLAGS         0xfU

static struct list devices = LIST_INIT(devices);
static bool scanned;

static void out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static void out16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static uint32_t in32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static SPINLOCK(lock);

/*
 * The hypervisor keeps the address register per domain, so only this image's threads compete for
 * it: an access of two steps must not be parted by another one's.
 */
static void select_register(const struct pci_dev *dev, unsigned int offset)
{
	out32(PORT_ADDRESS,
	      0x80000000U | (uint32_t)dev->bus << 16 | (uint32_t)dev->devfn << 8 | (offset & 0xfc));
}

uint32_t pci_read32(const struct pci_dev *dev, unsigned int offset)
{
	unsigned long flags = spin_lock_save(&lock);
	uint32_t value;

	select_register(dev, offset);
	value = in32(PORT_DATA);
	spin_unlock_restore(&lock, flags);
	return value;
}

uint16_t pci_read16(const struct pci_dev *dev, unsigned int offset)
{
	return (uint16_t)(pci_read32(dev, offset) >> (offset & 2) * 8);
}

uint8_t pci_read8(const struct pci_dev *dev, unsigned int offset)
{
	return (uint8_t)(pci_read32(dev, offset) >> (offset & 3) * 8);
}

void pci_write32(const struct pci_dev *dev, unsigned int offset, uint32_t value)
{
	unsigned long flags = spin_lock_save(&lock);

	select_register(dev, offset);
	out32(PORT_DATA, value);
	spin_unlock_restore(&lock, flags);
}

void pci_write16(const struct pci_dev *dev, unsigned int offset, uint16_t value)
{
	unsigned long flags = spin_lock_save(&lock);

	select_register(dev, offset);
	out16((uint16_t)(PORT_DATA + (offset & 2)), value);
	spin_unlock_restore(&lock, flags);
}

unsigned int pci_find_cap(const struct pci_dev *dev, uint8_t id, unsigned int after)
{
	unsigned int at;

	if (!(pci_read16(dev, REG_STATUS) & STATUS_CAPS))
		return 0;
	at = pci_read8(dev, after ? after + 1 : REG_CAPABILITIES) & 0xfc;
	/* A list longer than the space has room for runs in a circle. */
	for (unsigned int steps = 0; at >= 0x40 && steps < 48; steps++) {
		if (pci_read8(dev, at) == id)
			return at;
		at = pci_read8(dev, at + 1) & 0xfc;
	}
	return 0;
}

void pci_enable(const struct pci_dev *dev)
{
	uint16_t command = pci_read16(dev, PCI_COMMAND);

	pci_write16(dev, PCI_COMMAND,
		    command | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_OFF);
}

void pci_disable(const struct pci_dev *dev)
{
	pci_write16(dev, PCI_COMMAND, pci_read16(dev, PCI_COMMAND) & ~PCI_COMMAND_MASTER);
}

/* The writable address bits of a BAR tell its size (6.2.5.1); decoding is off meanwhile. */
static uint32_t bar_mask(const struct pci_dev *dev, unsigned int reg)
{
	uint32_t old = pci_read32(dev, reg), mask;

	pci_write32(dev, reg, ~0U);
	mask = pci_read32(dev, reg);
	pci_write32(dev, reg, old);
	return mask;
}

static void read_bars(struct pci_dev *dev)
{
	uint16_t command = pci_read16(dev, PCI_COMMAND);

	pci_write16(dev, PCI_COMMAND, command & ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
	for (unsigned int i = 0; i < PCI_BARS; i++) {
		unsigned int reg = REG_BAR0 + i * 4;
		uint32_t low = pci_read32(dev, reg);
		uint64_t base = low & ~BAR_FLAGS, mask;
		struct pci_bar *bar = &dev->bars[i];

		if (low & BAR_IO)
			continue;
		mask = bar_mask(dev, reg) & ~BAR_FLAGS;
		if ((low & BAR_KIND) == BAR_64BIT && i + 1 < PCI_BARS) {
			base |= (uint64_t)pci_read32(dev, reg + 4) << 32;
			mask |= (uint64_t)bar_mask(dev, reg + 4) << 32;
			i++;
		} else if (mask) {
			mask |= 0xffffffffULL << 32;
		}
		if (base && mask)
			*bar = (struct pci_bar){ .base = base, .size = ~mask + 1 };
	}
	pci_write16(dev, PCI_COMMAND, command);
}

/* MSI needs a device that the hypervisor knows; one that it knows already is no error. */
static int announce(const struct pci_dev *dev)
{
	struct physdev_pci_device_add add = { .bus = dev->bus, .devfn = dev->devfn };
	int err = (int)hypercall_physdev_op(PHYSDEVOP_pci_device_add, &add);

	return err == -EEXIST ? 0 : err;
}

static int add_device(const struct pci_dev *probe)
{
	uint32_t ids = pci_read32(probe, REG_VENDOR), subsystem = pci_read32(probe, REG_SUBSYSTEM);
	struct pci_dev *dev = calloc(1, sizeof(*dev));
	int err;

	if (!dev)
		return -ENOMEM;
	dev->bus = probe->bus;
	dev->devfn = probe->devfn;
	dev->vendor = (uint16_t)ids;
	dev->device = (uint16_t)(ids >> 16);
	dev->subsystem_vendor = (uint16_t)subsystem;
	dev->subsystem = (uint16_t)(subsystem >> 16);
	dev->class_code = pci_read32(probe, REG_CLASS) >> 8;
	read_bars(dev);
	err = announce(dev);
	if (err)
		console_print("pci %02x:%02x.%x: the hypervisor refuses the device (%d)\n",
			      dev->bus, dev->devfn >> 3, dev->devfn & 7, err);
	list_push_back(&devices, &dev->node);
	return 0;
}

static int scan_bus(unsigned int bus);

/* The firmware has numbered the buses: a bridge tells which one is behind it. */
static int scan_function(uint8_t bus, uint8_t devfn)
{
	struct pci_dev probe = { .bus = bus, .devfn = devfn };
	uint8_t kind = pci_read8(&probe, REG_HEADER_TYPE) & HEADER_KIND;
	unsigned int below;

	if (kind == HEADER_DEVICE)
		return add_device(&probe);
	if (kind != HEADER_BRIDGE)
		return 0;
	below = pci_read8(&probe, REG_SECONDARY_BUS);
	/* Numbers grow downwards; anything else would lead round in a circle. */
	return below > bus ? scan_bus(below) : 0;
}

static int scan_bus(unsigned int bus)
{
	for (unsigned int devfn = 0; devfn < 256; devfn++) {
		struct pci_dev probe = { .bus = (uint8_t)bus, .devfn = (uint8_t)devfn };
		int err;

		if (pci_read16(&probe, REG_VENDOR) == 0xffff) {
			if (!(devfn & 7))
				devfn |= 7; /* no function 0, no device */
			continue;
		}
		err = scan_function((uint8_t)bus, (uint8_t)devfn);
		if (err)
			return err;
		if (!(devfn & 7) && !(pci_read8(&probe, REG_HEADER_TYPE) & HEADER_MULTI))
			devfn |= 7;
	}
	return 0;
}

int pci_scan(void)
{
	if (scanned)
		return 0;
	if (!is_privileged())
		return -EPERM;
	scanned = true;
	return scan_bus(0);
}

struct pci_dev *pci_next(struct pci_dev *prev)
{
	struct list *next = prev ? prev->node.next : devices.next;

	return next == &devices ? NULL : list_entry(next, struct pci_dev, node);
}

void *pci_map_bar(const struct pci_dev *dev, unsigned int bar, uint64_t offset, uint64_t length)
{
	const struct pci_bar *b = &dev->bars[bar];

	if (bar >= PCI_BARS || !length || offset >= b->size || length > b->size - offset)
		return NULL;
	return vmap_io(b->base + offset, length);
}
