/* SPDX-License-Identifier: MIT */
/*
 * Rule: physdev_op's limits: the IOAPIC is read where it is, vectors and lines are those of the
 * machine, a map of interrupts that want an eoi is registered once.
 */
#include "../kit/kit.h"

#define IOAPIC 0xfec00000UL

static long vector(unsigned int irq)
{
	struct physdev_irq op = { .irq = irq };

	return hypercall(physdev_op, PHYSDEVOP_alloc_irq_vector, &op);
}

static long gsi(int n)
{
	struct physdev_setup_gsi op = { .gsi = n, .triggering = 1, .polarity = 1 };

	return hypercall(physdev_op, PHYSDEVOP_setup_gsi, &op);
}

static long unmap(domid_t domid, int pirq)
{
	struct physdev_unmap_pirq op = { .domid = domid, .pirq = pirq };

	return hypercall(physdev_op, PHYSDEVOP_unmap_pirq, &op);
}

static long map(domid_t domid, int type, int index, int pirq)
{
	struct physdev_map_pirq op = {
		.domid = domid, .type = type, .index = index, .pirq = pirq
	};

	return hypercall(physdev_op, PHYSDEVOP_map_pirq, &op);
}

static long eoi_map(unsigned int cmd, ulong frame)
{
	struct physdev_pirq_eoi_gmfn op = { .gmfn = frame };

	return hypercall(physdev_op, cmd, &op);
}

static void ioapic(void)
{
	struct physdev_apic op = { .apic_physbase = IOAPIC, .reg = 1 };

	check("apic_read of the version", hypercall(physdev_op, PHYSDEVOP_apic_read, &op), 0);
	check("lines", (op.value >> 16 & 0xff) + 1, 24);
	op.apic_physbase = 0x1000;
	check("where there is none", hypercall(physdev_op, PHYSDEVOP_apic_read, &op),
	      -XEN_EINVAL);
	check("apic_write there", hypercall(physdev_op, PHYSDEVOP_apic_write, &op), -XEN_EINVAL);
}

static void lines(void)
{
	check("alloc_irq_vector of line 9", vector(9), 0);
	check("of a line that is not there: a number is a number", vector(~0U), 0);
	check("setup_gsi of line 11", gsi(11), 0);
	check("of line -1", gsi(-1), -XEN_EINVAL);
	check("of line 100000", gsi(100000), -XEN_EINVAL);
	check("map of line 11", map(DOMID_SELF, MAP_PIRQ_TYPE_GSI, 11, 11), 0);
	check("once more", map(DOMID_SELF, MAP_PIRQ_TYPE_GSI, 11, 11), 0);
	check("of line -1", map(DOMID_SELF, MAP_PIRQ_TYPE_GSI, -1, -1), -XEN_EINVAL);
	check("of type 99", map(DOMID_SELF, 99, 11, 11), -XEN_EINVAL);
	check("for a domain that is not there", map(999, MAP_PIRQ_TYPE_GSI, 11, 11), -XEN_ESRCH);
	check("unmap", unmap(DOMID_SELF, 11), 0);
	check("unmap twice", unmap(DOMID_SELF, 11), -XEN_EINVAL);
	check("of pirq -1", unmap(DOMID_SELF, -1), -XEN_EINVAL);
	check("of pirq 100000", unmap(DOMID_SELF, 100000), -XEN_EINVAL);
	check("of a domain that is not there", unmap(999, 11), -XEN_ESRCH);
}

TEST
{
	ioapic();
	lines();
	check("eoi map in a page table",
	      eoi_map(PHYSDEVOP_pirq_eoi_gmfn_v2, mfn_of((void *)start_info->pt_base)),
	      -XEN_EINVAL);
	check("in a frame of no memory", eoi_map(PHYSDEVOP_pirq_eoi_gmfn_v2, MFN_ABSENT),
	      -XEN_EINVAL);
	check("in a page of ours", eoi_map(PHYSDEVOP_pirq_eoi_gmfn_v2, mfn_of(page_alloc())), 0);
	check("a second one", eoi_map(PHYSDEVOP_pirq_eoi_gmfn_v2, mfn_of(page_alloc())),
	      -XEN_EBUSY);
	check("of the first version", eoi_map(PHYSDEVOP_pirq_eoi_gmfn_v1, mfn_of(page_alloc())),
	      -XEN_EBUSY);
}
