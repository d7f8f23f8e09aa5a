/* SPDX-License-Identifier: MIT */
/*
 * MSI-X interrupts of a PCI device as event channels. The hypervisor owns the table and its
 * vectors; the domain asks for one entry at a time, gets a pirq and binds it to a port.
 */
#pragma once

#include "guest/virtio/pci.h"
#include "guest/evtchn.h"

struct msix_vector {
	evtchn_port_t port; /* 0: not bound */
	uint32_t pirq;
	bool needs_eoi;
};

/* Table entries that the device has; 0 when it has no MSI-X. */
unsigned int msix_count(const struct pci_dev *dev);

/*
 * Routes one table entry to handler(port, arg), which runs as event-channel handlers do. Memory
 * decoding must be on (pci_enable). 0 or -errno; *vector is the caller's and lives until
 * msix_unbind.
 */
int msix_bind(const struct pci_dev *dev, unsigned int entry, evtchn_handler_t handler, void *arg,
	      struct msix_vector *vector);
void msix_unbind(struct msix_vector *vector);

/* For the handler's end: tells the hypervisor, if it wants to know, that the interrupt is served.
 */
void msix_eoi(const struct msix_vector *vector);

/* Lets the device use its entries, or stops it from that. */
void msix_enable(const struct pci_dev *dev, bool on);
