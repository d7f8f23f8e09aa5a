/* SPDX-License-Identifier: MIT */
/*
 * physdev_op: a domain's way to interrupt lines, MSIs, I/O privilege and the IOAPIC
 * (<xen/physdev.h>).
 */
#include "access.h"
#include "console.h"
#include "evtchn.h"
#include "frame.h"
#include "hypercall.h"
#include "irq.h"

#define PORTS 65536

/* The guest has dealt with a level-triggered interrupt: the line may raise the next. */
static long op_eoi(const void *arg)
{
	struct domain *d = current->domain;
	struct physdev_eoi eoi;
	uint32_t port;

	if (copy_from_guest(&eoi, arg, sizeof(eoi)))
		return -EFAULT;
	if (eoi.irq >= NR_PIRQ)
		return -EINVAL;
	eoi.irq = (uint32_t)index_nospec(eoi.irq, NR_PIRQ);
	port = d->evtchn.pirq_port ? d->evtchn.pirq_port[eoi.irq] : 0;
	if (d->eoi_unmasks && port)
		evtchn_unmask(d, port);
	return pirq_eoi(d, (int)eoi.irq);
}

void physdev_update_eoi(struct domain *d, uint32_t pirq)
{
	if (!d->eoi_map)
		return;
	if (pirq_needs_eoi(d, (int)pirq))
		bit_set(d->eoi_map, pirq);
	else
		bit_clear(d->eoi_map, pirq);
}

void physdev_drop_eoi(struct domain *d)
{
	unsigned long *map = d->eoi_map;

	if (!map)
		return;
	d->eoi_map = NULL;
	frame_put_typed_final(mfn_to_frame(virt_to_mfn(map)));
}

/* Once registered, the guest reads there instead of asking. The frame stays writable for good. */
static long op_eoi_map(int cmd, const void *arg)
{
	struct domain *d = current->domain;
	struct physdev_pirq_eoi_gmfn op;
	unsigned long *none = NULL;
	uint32_t i;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (!mfn_valid(MFN(op.gmfn)))
		return -EINVAL;
	if (READ_ONCE(d->eoi_map))
		return -EBUSY;
	if (!frame_get_writable(mfn_to_frame(MFN(op.gmfn)), d->id))
		return -EINVAL;
	if (!__atomic_compare_exchange_n(&d->eoi_map, &none, mfn_to_virt(MFN(op.gmfn)), false,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
		(void)frame_put_typed(mfn_to_frame(MFN(op.gmfn)));
		return -EBUSY;
	}
	d->eoi_unmasks = cmd == PHYSDEVOP_pirq_eoi_gmfn_v1;
	for (i = 0; i < NR_PIRQ; i++)
		physdev_update_eoi(d, i);
	return 0;
}

static long op_irq_status(void *arg)
{
	struct domain *d = current->domain;
	struct physdev_irq_status_query q;

	if (copy_from_guest(&q, arg, sizeof(q)))
		return -EFAULT;
	if (q.irq >= NR_PIRQ)
		return -EINVAL;
	/*
	 * Without the map a guest cannot know when masking made an eoi necessary: it always does
	 * one.
	 */
	q.flags = d->eoi_map ? 0 : XENIRQSTAT_needs_eoi;
	return copy_to_guest(arg, &q, sizeof(q)) ? -EFAULT : 0;
}

/* A pirq is mapped for oneself or, by the toolstack, for another. */
static long target(domid_t id, struct domain **d)
{
	long rc = domain_lookup(id, d);

	if (!rc && !current->domain->privileged) {
		domain_put(*d);
		rc = -EPERM;
	}
	return rc;
}

static long op_map_pirq(void *arg)
{
	struct physdev_map_pirq map;
	struct domain *d;
	long rc;

	if (copy_from_guest(&map, arg, sizeof(map)))
		return -EFAULT;
	rc = target(map.domid, &d);
	if (rc)
		return rc;
	switch (map.type) {
	case MAP_PIRQ_TYPE_GSI:
		rc = pirq_map_gsi(d, map.index, &map.pirq);
		break;
	case MAP_PIRQ_TYPE_MSI:
	case MAP_PIRQ_TYPE_MSI_SEG:
		rc = pirq_map_msi(d, &map, &map.pirq);
		break;
	case MAP_PIRQ_TYPE_MULTI_MSI:
		rc = -EOPNOTSUPP;
		break;
	default:
		rc = -EINVAL;
	}
	domain_put(d);
	if (!rc && copy_to_guest(arg, &map, sizeof(map)))
		rc = -EFAULT;
	return rc;
}

static long op_unmap_pirq(const void *arg)
{
	struct physdev_unmap_pirq unmap;
	struct domain *d;
	long rc;

	if (copy_from_guest(&unmap, arg, sizeof(unmap)))
		return -EFAULT;
	rc = target(unmap.domid, &d);
	if (rc)
		return rc;
	rc = pirq_unmap(d, unmap.pirq);
	domain_put(d);
	return rc;
}

static long op_apic(int cmd, void *arg)
{
	struct physdev_apic a;
	long rc;

	if (copy_from_guest(&a, arg, sizeof(a)))
		return -EFAULT;
	if (!current->domain->privileged)
		return -EPERM;
	if (cmd == PHYSDEVOP_apic_write)
		return ioapic_write(a.apic_physbase, a.reg, a.value);
	rc = ioapic_read(a.apic_physbase, a.reg, &a.value);
	if (!rc && copy_to_guest(arg, &a, sizeof(a)))
		rc = -EFAULT;
	return rc;
}

/*
 * Vectors are the hypervisor's business: the guest is told a number that it may write into the
 * IOAPIC, if there is such a line.
 */
static long op_alloc_vector(void *arg)
{
	struct physdev_irq irq;

	if (copy_from_guest(&irq, arg, sizeof(irq)))
		return -EFAULT;
	if (!current->domain->privileged)
		return -EPERM;
	irq.vector = irq.irq;
	return copy_to_guest(arg, &irq, sizeof(irq)) ? -EFAULT : 0;
}

static long op_set_iopl(const void *arg)
{
	struct physdev_set_iopl set;

	if (copy_from_guest(&set, arg, sizeof(set)))
		return -EFAULT;
	if (set.iopl > 3)
		return -EINVAL;
	current->pv.iopl = (uint8_t)set.iopl;
	return 0;
}

static long op_set_iobitmap(const void *arg)
{
	struct physdev_set_iobitmap set;

	if (copy_from_guest(&set, arg, sizeof(set)))
		return -EFAULT;
	if (!guest_range_ok(set.bitmap.p, 1) || set.nr_ports > PORTS)
		return -EINVAL;
	current->pv.iobitmap = set.bitmap.p;
	current->pv.iobitmap_ports = set.nr_ports;
	return 0;
}

static long op_setup_gsi(const void *arg)
{
	struct physdev_setup_gsi set;

	if (copy_from_guest(&set, arg, sizeof(set)))
		return -EFAULT;
	if (set.gsi < 0 || set.gsi >= NR_GSI)
		return -EINVAL;
	if (!current->domain->privileged)
		return -EPERM;
	return gsi_setup(set.gsi, set.triggering, set.polarity);
}

/* dom0 tells of the devices that it found; MSIs are mapped for known ones. */
static long op_pci_device(int cmd, const void *arg)
{
	struct physdev_pci_device dev; /* physdev_pci_device_add begins alike */

	if (copy_from_guest(&dev, arg, sizeof(dev)))
		return -EFAULT;
	if (!current->domain->privileged)
		return -EPERM;
	switch (cmd) {
	case PHYSDEVOP_pci_device_add:
		return pci_device_add(dev.seg, dev.bus, dev.devfn);
	case PHYSDEVOP_pci_device_remove:
		return pci_device_remove(dev.seg, dev.bus, dev.devfn);
	case PHYSDEVOP_restore_msi_ext:
		return pirq_restore_msi(dev.seg, dev.bus, dev.devfn);
	default:
		return pirq_prepare_msix(dev.seg, dev.bus, dev.devfn,
					 cmd == PHYSDEVOP_release_msix);
	}
}

static long op_restore_msi(const void *arg)
{
	struct physdev_restore_msi dev;

	if (copy_from_guest(&dev, arg, sizeof(dev)))
		return -EFAULT;
	if (!current->domain->privileged)
		return -EPERM;
	return pirq_restore_msi(0, dev.bus, dev.devfn);
}

static long op_manage_pci(int cmd, const void *arg)
{
	struct physdev_manage_pci dev; /* physdev_manage_pci_ext begins alike */

	if (copy_from_guest(&dev, arg, sizeof(dev)))
		return -EFAULT;
	if (!current->domain->privileged)
		return -EPERM;
	return cmd == PHYSDEVOP_manage_pci_remove ? pci_device_remove(0, dev.bus, dev.devfn)
						  : pci_device_add(0, dev.bus, dev.devfn);
}

long do_physdev_op(int cmd, void *arg)
{
	switch (cmd) {
	case PHYSDEVOP_eoi:
		return op_eoi(arg);
	case PHYSDEVOP_pirq_eoi_gmfn_v1:
	case PHYSDEVOP_pirq_eoi_gmfn_v2:
		return op_eoi_map(cmd, arg);
	case PHYSDEVOP_irq_status_query:
		return op_irq_status(arg);
	case PHYSDEVOP_map_pirq:
		return op_map_pirq(arg);
	case PHYSDEVOP_unmap_pirq:
		return op_unmap_pirq(arg);
	case PHYSDEVOP_apic_read:
	case PHYSDEVOP_apic_write:
		return op_apic(cmd, arg);
	case PHYSDEVOP_alloc_irq_vector:
		return op_alloc_vector(arg);
	case PHYSDEVOP_set_iopl:
		return op_set_iopl(arg);
	case PHYSDEVOP_set_iobitmap:
		return op_set_iobitmap(arg);
	case PHYSDEVOP_setup_gsi:
		return op_setup_gsi(arg);
	case PHYSDEVOP_pci_device_add:
	case PHYSDEVOP_pci_device_remove:
	case PHYSDEVOP_restore_msi_ext:
	case PHYSDEVOP_prepare_msix:
	case PHYSDEVOP_release_msix:
		return op_pci_device(cmd, arg);
	case PHYSDEVOP_restore_msi:
		return op_restore_msi(arg);
	case PHYSDEVOP_manage_pci_add:
	case PHYSDEVOP_manage_pci_add_ext:
	case PHYSDEVOP_manage_pci_remove:
		return op_manage_pci(cmd, arg);
	default:
		return -ENOSYS; /* MMCFG, debug port: nothing is kept that they would change */
	}
}
