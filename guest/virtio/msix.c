/* SPDX-License-Identifier: MIT */
/*
 * MSI-X: pirqs from the hypervisor, bound to event channels (PCI Local Bus 3.0, 6.8.2).
 *
 * The table that holds each vector's address and data lies in a BAR, but the hypervisor writes it:
 * it alone knows its vectors. We tell it where that BAR is, and switch the capability on, which it
 * lets us do once an entry is mapped. Messages are edges, so there is nothing to acknowledge as a
 * rule; the hypervisor says when there is.
 */

#include "guest/virtio/msix.h"

#include <errno.h>

#include "guest/hypercall.h"

#define MSIX_CONTROL      2
#define MSIX_CONTROL_SIZE 0x07ff
#define MSIX_CONTROL_MASK 0x4000
#define MSIX_CONTROL_ON   0x8000
#define MSIX_TABLE        4
#define MSIX_TABLE_BAR    0x7

unsigned int msix_count(const struct pci_dev *dev)
{
	unsigned int cap = pci_find_cap(dev, PCI_CAP_ID_MSIX, 0);

	return cap ? (pci_read16(dev, cap + MSIX_CONTROL) & MSIX_CONTROL_SIZE) + 1U : 0;
}

static int map_pirq(const struct pci_dev *dev, unsigned int entry, uint32_t *pirq)
{
	unsigned int cap = pci_find_cap(dev, PCI_CAP_ID_MSIX, 0);
	unsigned int bar = cap ? pci_read32(dev, cap + MSIX_TABLE) & MSIX_TABLE_BAR : PCI_BARS;
	struct physdev_map_pirq map = {
		.domid = DOMID_SELF,
		.type = MAP_PIRQ_TYPE_MSI_SEG,
		.index = -1,
		.pirq = -1,
		.bus = dev->bus,
		.devfn = dev->devfn,
		.entry_nr = (int)entry,
	};
	int err;

	if (bar >= PCI_BARS || !dev->bars[bar].base || entry >= msix_count(dev))
		return -EINVAL;
	/* The BAR's start: the hypervisor adds the table's offset itself. */
	map.table_base = dev->bars[bar].base;
	err = (int)hypercall_physdev_op(PHYSDEVOP_map_pirq, &map);
	*pirq = (uint32_t)map.pirq;
	return err;
}

static void unmap_pirq(uint32_t pirq)
{
	struct physdev_unmap_pirq unmap = { .domid = DOMID_SELF, .pirq = (int)pirq };

	hypercall_physdev_op(PHYSDEVOP_unmap_pirq, &unmap);
}

int msix_bind(const struct pci_dev *dev, unsigned int entry, evtchn_handler_t handler, void *arg,
	      struct msix_vector *vector)
{
	struct physdev_irq_status_query query;
	int port, err = map_pirq(dev, entry, &vector->pirq);

	if (err)
		return err;
	port = evtchn_bind_pirq(vector->pirq, false, handler, arg);
	if (port < 0) {
		unmap_pirq(vector->pirq);
		return port;
	}
	vector->port = (evtchn_port_t)port;
	query.irq = vector->pirq;
	vector->needs_eoi = hypercall_physdev_op(PHYSDEVOP_irq_status_query, &query) == 0 &&
			    (query.flags & XENIRQSTAT_needs_eoi);
	msix_eoi(vector); /* one that came before the binding would block all others */
	return 0;
}

void msix_unbind(struct msix_vector *vector)
{
	if (!vector->port)
		return;
	evtchn_unbind(vector->port);
	unmap_pirq(vector->pirq);
	vector->port = 0;
}

void msix_eoi(const struct msix_vector *vector)
{
	struct physdev_eoi eoi = { .irq = vector->pirq };

	if (vector->needs_eoi)
		hypercall_physdev_op(PHYSDEVOP_eoi, &eoi);
}

void msix_enable(const struct pci_dev *dev, bool on)
{
	unsigned int cap = pci_find_cap(dev, PCI_CAP_ID_MSIX, 0);
	uint16_t control;

	if (!cap)
		return;
	control = pci_read16(dev, cap + MSIX_CONTROL) & ~(MSIX_CONTROL_ON | MSIX_CONTROL_MASK);
	pci_write16(dev, cap + MSIX_CONTROL, on ? control | MSIX_CONTROL_ON : control);
}
