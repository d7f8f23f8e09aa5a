/* SPDX-License-Identifier: MIT */
/*
 * Port I/O of a guest. Two say whether it may: the guest's kernel for its user mode (IOPL and
 * bitmap, else #GP), and the rangeset of the domain. A port outside the rangeset reads as all ones
 * and takes no writes, but for PCI's configuration ports and the clock's, whose address registers
 * each domain has of its own, and those of the timer that the hardware domain shares (pit.c).
 */
#include "access.h"
#include "hypervisor/pv/bounce.h"
#include "hypervisor/pv/decode.h"
#include "hypervisor/pv/root.h"
#include "x86.h"

#define PCI_ADDRESS 0xcf8
#define PCI_DATA    0xcfc
#define PCI_ENABLE  0x80000000u
#define CMOS_INDEX  0x70
#define CMOS_DATA   0x71

bool iopl_permitted(const struct vcpu *v)
{
	bool architectural = v->domain->pv.vm_assist >> VMASST_TYPE_architectural_iopl & 1;
	unsigned cpl = !guest_kernel(v) ? 3 : architectural ? 0 : 1;

	return cpl <= v->pv.iopl;
}

/*
 * Two bytes of the bitmap, which lies in the kernel's address space; what cannot be read forbids.
 */
static uint16_t bitmap_at(struct vcpu *v, unsigned port)
{
	bool user = !guest_kernel(v);
	uint8_t b[2] = { 0xff, 0xff }, got[2];
	size_t left;

	if (user)
		root_toggle_tables(v);
	left = copy_from_guest(got, (uint8_t *)v->pv.iobitmap + port / 8, sizeof(got));
	if (user)
		root_toggle_tables(v);
	if (left < 2)
		b[0] = got[0];
	if (left < 1)
		b[1] = got[1];
	return (uint16_t)(b[0] | b[1] << 8);
}

bool port_permitted(struct vcpu *v, unsigned port, unsigned bytes)
{
	if (iopl_permitted(v))
		return true;
	if (port + bytes > v->pv.iobitmap_ports)
		return false;
	return !(bitmap_at(v, port) & ((1u << bytes) - 1) << (port & 7));
}

static bool direct(struct domain *d, unsigned port, unsigned bytes)
{
	if (port <= CMOS_DATA && port + bytes > CMOS_INDEX)
		return false;
	if (port == PCI_ADDRESS && bytes == 4)
		return false;
	return range_has(&d->ioports, port, port + bytes - 1);
}

static uint32_t in(unsigned port, unsigned bytes)
{
	return bytes == 1   ? inb((uint16_t)port)
	       : bytes == 2 ? inw((uint16_t)port)
			    : inl((uint16_t)port);
}

static void out(unsigned port, unsigned bytes, uint32_t val)
{
	if (bytes == 1)
		outb((uint16_t)port, (uint8_t)val);
	else if (bytes == 2)
		outw((uint16_t)port, (uint16_t)val);
	else
		outl((uint16_t)port, val);
}

/* The configuration space is the hardware domain's. */
static bool pci_permitted(const struct domain *d)
{
	return d == dom0 && (d->pv.pci_address & PCI_ENABLE);
}

/*
 * A part of an access that one of the ports understands; `size` is set to how many bytes of it that
 * is.
 */
static uint32_t read_part(struct domain *d, unsigned port, unsigned bytes, unsigned *size)
{
	*size = 1;
	if (port == PCI_ADDRESS && bytes == 4) {
		*size = 4;
		return d->pv.pci_address;
	}
	if ((port & ~3u) == PCI_DATA) {
		*size = MIN(bytes, 4 - (port & 3));
		*size = *size == 3 ? 2 : *size;
		if (!pci_permitted(d))
			return ~0u;
		outl(PCI_ADDRESS, d->pv.pci_address);
		return in(port, *size);
	}
	if (port == CMOS_DATA && range_has(&d->ioports, CMOS_INDEX, CMOS_DATA)) {
		outb(CMOS_INDEX, d->pv.cmos_index & 0x7f);
		return inb(CMOS_DATA);
	}
	if (d == dom0 && pit_port(port))
		return pit_read(port);
	return ~0u;
}

uint32_t port_read(struct domain *d, unsigned port, unsigned bytes)
{
	uint32_t val = 0;
	unsigned size, at;

	if (direct(d, port, bytes))
		return in(port, bytes);
	for (at = 0; at < bytes; at += size)
		val |= (uint32_t)((read_part(d, port + at, bytes - at, &size) & reg_mask(size))
				  << at * 8);
	return val;
}

static void write_part(struct domain *d, unsigned port, unsigned bytes, uint32_t val,
		       unsigned *size)
{
	*size = 1;
	if (port == PCI_ADDRESS && bytes == 4) {
		*size = 4;
		d->pv.pci_address = val;
	} else if ((port & ~3u) == PCI_DATA) {
		*size = MIN(bytes, 4 - (port & 3));
		*size = *size == 3 ? 2 : *size;
		if (!pci_permitted(d))
			return;
		outl(PCI_ADDRESS, d->pv.pci_address);
		out(port, *size, val);
	} else if (port == CMOS_INDEX) {
		d->pv.cmos_index = (uint8_t)val;
	} else if (port == CMOS_DATA && range_has(&d->ioports, CMOS_INDEX, CMOS_DATA)) {
		outb(CMOS_INDEX, d->pv.cmos_index & 0x7f);
		outb(CMOS_DATA, (uint8_t)val);
	} else if (d == dom0 && pit_port(port)) {
		pit_write(port, (uint8_t)val);
	}
}

void port_write(struct domain *d, unsigned port, unsigned bytes, uint32_t val)
{
	unsigned size, at;

	if (direct(d, port, bytes)) {
		out(port, bytes, val);
		return;
	}
	for (at = 0; at < bytes; at += size)
		write_part(d, port + at, bytes - at, val >> at * 8, &size);
}
