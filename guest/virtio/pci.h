/* SPDX-License-Identifier: MIT */
/*
 * PCI for a privileged PV domain: configuration space by the ports 0xcf8/0xcfc, which the
 * hypervisor emulates for a domain that may, and devices that the firmware has placed. Nothing is
 * assigned or moved here; a device whose memory the firmware left out cannot be used.
 */
#pragma once

#include "guest/types.h"
#include "lib/list.h"

#define PCI_BARS 6

#define PCI_COMMAND          0x04
#define PCI_COMMAND_IO       0x0001
#define PCI_COMMAND_MEMORY   0x0002
#define PCI_COMMAND_MASTER   0x0004
#define PCI_COMMAND_INTX_OFF 0x0400
#define PCI_CAP_ID_VENDOR    0x09
#define PCI_CAP_ID_MSIX      0x11

struct pci_bar {
	uint64_t base; /* machine address; 0: not there, or I/O ports */
	uint64_t size; /* bytes */
};

struct pci_dev {
	struct list node;
	uint8_t bus;
	uint8_t devfn;
	uint16_t vendor, device;
	uint16_t subsystem_vendor, subsystem;
	uint32_t class_code; /* class, subclass, programming interface: 0xCCSSPP */
	struct pci_bar bars[PCI_BARS];
	void *driver; /* of whoever claimed the device; NULL: free */
};

/*
 * Finds every device behind every bridge and announces it to the hypervisor; later calls return
 * at once. 0, or -EPERM in a domain that may not touch hardware. The list lives as long as the
 * image, in the order of bus, device and function.
 */
int pci_scan(void);

/* The next device after prev (NULL: the first); NULL at the end. Only after pci_scan. */
struct pci_dev *pci_next(struct pci_dev *prev);

/* Configuration space, 256 bytes; offset is aligned to the size of the access. */
uint8_t pci_read8(const struct pci_dev *dev, unsigned int offset);
uint16_t pci_read16(const struct pci_dev *dev, unsigned int offset);
uint32_t pci_read32(const struct pci_dev *dev, unsigned int offset);
void pci_write16(const struct pci_dev *dev, unsigned int offset, uint16_t value);
void pci_write32(const struct pci_dev *dev, unsigned int offset, uint32_t value);

/* Offset of the next capability of that id after `after` (0: the first); 0 when there is none. */
unsigned int pci_find_cap(const struct pci_dev *dev, uint8_t id, unsigned int after);

/* Switches memory decoding and bus mastering on, the INTx line off. */
void pci_enable(const struct pci_dev *dev);
/* Stops the device's DMA. */
void pci_disable(const struct pci_dev *dev);

/*
 * Maps length bytes at offset of a BAR, uncached, for good. NULL when the BAR has no such range
 * or there is no room.
 */
void *pci_map_bar(const struct pci_dev *dev, unsigned int bar, uint64_t offset, uint64_t length);
