/* SPDX-License-Identifier: MIT */
/*
 * Rule: the hypervisor writes MSI-X tables. While a device has a vector, or is prepared, dom0 gets
 * read-only mappings of its table and its writes are lost; before and after, it maps it as it
 * likes.
 */
#include "../kit/kit.h"

#define CAP_MSIX 0x11

static uint8_t devfn;
static unsigned int cap;

static uint32_t config(unsigned int reg)
{
	uint32_t value;

	__asm__ volatile("outl %0, %w1" : : "a"(0x80000000 | devfn << 8 | reg), "d"(0xcf8));
	__asm__ volatile("inl %w1, %0" : "=a"(value) : "d"(0xcfc));
	return value;
}

/* The capability's place in the device of `devfn`; 0: it has none, or is none. */
static unsigned int capability(void)
{
	unsigned int at;

	if (config(0) == 0xffffffff || !(config(4) >> 20 & 1))
		return 0;
	for (at = config(0x34) & 0xfc; at; at = config(at) >> 8 & 0xfc)
		if ((config(at) & 0xff) == CAP_MSIX)
			return at;
	return 0;
}

/* The address that the capability's register gives. */
static uint64_t place(unsigned int at)
{
	uint32_t where = config(cap + at), low = config(0x10 + (where & 7) * 4);
	uint64_t bar = low & ~0xfU;

	if (low & 4)
		bar |= (uint64_t)config(0x14 + (where & 7) * 4) << 32;
	return bar + (where & ~7U);
}

static long prepare(unsigned int cmd, uint8_t function)
{
	struct physdev_pci_device dev = { .devfn = function };

	return hypercall_nr(__HYPERVISOR_physdev_op, cmd, &dev);
}

static long map_vector(unsigned int entry, uint64_t table, int *pirq)
{
	struct physdev_map_pirq map = { .domid = DOMID_SELF,
					.type = MAP_PIRQ_TYPE_MSI_SEG,
					.index = -1,
					.pirq = -1,
					.devfn = devfn,
					.entry_nr = (int)entry,
					.table_base = table };
	long rc = hypercall(physdev_op, PHYSDEVOP_map_pirq, &map);

	*pirq = map.pirq;
	return rc;
}

static long unmap_vector(int pirq)
{
	struct physdev_unmap_pirq unmap = { .domid = DOMID_SELF, .pirq = pirq };

	return hypercall(physdev_op, PHYSDEVOP_unmap_pirq, &unmap);
}

/* Maps a page of the device, says whether it can be written, and takes it away again. */
static long writable(const char *va, uint64_t pa)
{
	long rc = va_map_foreign(va, (pa & ~0xfffUL) | PTE_KERN, DOMID_IO), found;

	found = rc ? rc : !!(*pte_of(va, 1) & PTE_RW);
	va_map(va, 0);
	return found;
}

static void peer_tries(void)
{
	int pirq;

	box.value[0] = prepare(PHYSDEVOP_prepare_msix, devfn);
	box.value[1] = prepare(PHYSDEVOP_release_msix, devfn);
	box.value[2] = prepare(PHYSDEVOP_restore_msi_ext, devfn);
	box.value[3] = map_vector(0, 0, &pirq);
}

static void look_at(const char *va, uint64_t table)
{
	volatile uint32_t *entry = (volatile uint32_t *)(va + (table & 0xfff));
	uint32_t old;

	check("a mapping with write permission",
	      va_map_foreign(va, (table & ~0xfffUL) | PTE_KERN, DOMID_IO), 0);
	check("has none", *pte_of(va, 1) & PTE_RW, 0);
	old = entry[2];
	check_that("the entry has a message", old);
	check("a write", attempt("movl %0, %1", : : "r"(~old), "m"(entry[2])), TRAP_NONE);
	check("is lost", entry[2] == old, 1);
	check("a write of an immediate", attempt("movl $-1, %0", : : "m"(entry[2])), TRAP_NONE);
	check("is lost", entry[2] == old, 1);
	check("an or, which would read it", attempt("orl $0xffff, %0", : : "m"(entry[2])), TRAP_pf);
	check("a write across two words",
	      attempt("movl %0, 2(%1)",
		      :
		      : "r"(~old), "r"(&entry[2])),
	      TRAP_pf);
	check("the entry, after all", entry[2] == old, 1);
	va_map(va, 0);
}

TEST
{
	struct physdev_set_iopl iopl = { .iopl = 1 };
	struct physdev_restore_msi restore = { 0 };
	static struct peer peer;
	char *va = page_alloc();
	int pirq, other;
	uint64_t table, pending;

	check("set_iopl", hypercall(physdev_op, PHYSDEVOP_set_iopl, &iopl), 0);
	for (unsigned int i = 0; i < 256 && !cap; i += 8) {
		devfn = (uint8_t)i;
		cap = capability();
	}
	if (!cap)
		skip("the machine has no device with MSI-X");
	table = place(4);
	pending = place(8);
	check("pci_device_add", prepare(PHYSDEVOP_pci_device_add, devfn), 0);
	check("before, the table can be mapped to write", writable(va, table), 1);
	check("a vector", map_vector(0, table, &pirq), 0);
	look_at(va, table);
	check("the pending bits cannot be written either", writable(va, pending), 0);
	check("an entry behind the last", map_vector(2048, table, &other), -XEN_EINVAL);
	check("prepared, as long as it has a vector", prepare(PHYSDEVOP_prepare_msix, devfn),
	      -XEN_EBUSY);
	check("restored", prepare(PHYSDEVOP_restore_msi_ext, devfn), 0);
	restore.devfn = devfn;
	check("restored, as it was said once",
	      hypercall(physdev_op, PHYSDEVOP_restore_msi, &restore), 0);
	check("another entry", map_vector(1, table, &other), 0);
	check("which goes", unmap_vector(other), 0);
	check("the table is protected still", writable(va, table), 0);
	check("the first goes", unmap_vector(pirq), 0);
	check("then it can be written", writable(va, table), 1);

	check("prepared", prepare(PHYSDEVOP_prepare_msix, devfn), 0);
	check("protected", writable(va, table), 0);
	check("twice", prepare(PHYSDEVOP_prepare_msix, devfn), -XEN_EBUSY);
	check("released", prepare(PHYSDEVOP_release_msix, devfn), 0);
	check("can be written", writable(va, table), 1);
	check("released twice", prepare(PHYSDEVOP_release_msix, devfn), -XEN_EBUSY);
	check("the host bridge is prepared", prepare(PHYSDEVOP_prepare_msix, 0), -XEN_ENODEV);
	check("a device of nobody is restored", prepare(PHYSDEVOP_restore_msi_ext, 0xff),
	      -XEN_ENODEV);

	peer_start(&peer, 1, peer_tries);
	check("a peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("its prepare_msix", peer.box->value[0], -XEN_EPERM);
	check("its release_msix", peer.box->value[1], -XEN_EPERM);
	check("its restore_msi_ext", peer.box->value[2], -XEN_EPERM);
	check("its map_pirq of an MSI", peer.box->value[3], -XEN_EPERM);
}
