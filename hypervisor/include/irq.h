/* SPDX-License-Identifier: MIT */
/*
 * Physical interrupts: those of the hypervisor (UART, timer, IPI) and pirqs bound to guests
 * (IOAPIC lines and MSI-X).
 */
#pragma once

#include "types.h"
#include <xen/physdev.h>

#define NR_GSI 256 /* pirq n < nr_gsi is the IOAPIC line n */
#define NR_PIRQ 1024
/*
 * Vectors of devices. Below: exceptions, and INT n of guests (x86/idt.c). Above: 0xe0-0xef the
 * masked PICs' spurious ones, 0xf0-0xff the hypervisor's own.
 */
#define VECTOR_FIRST_DYNAMIC 0x90
#define VECTOR_LAST_DYNAMIC  0xdf

struct domain;
struct vcpu;

long do_physdev_op(int cmd, void *arg); /* core/physdev.c */
/* Its bit in the eoi map, when it was bound. */
void physdev_update_eoi(struct domain *d, uint32_t pirq);
void physdev_drop_eoi(struct domain *d);

/* x86/irq.c. A pirq belongs to one domain; -errno as Xen. */
int pirq_map_gsi(struct domain *d, int gsi, int *pirq);
/* MSI and MSI-X; programs the table entry, masked. */
int pirq_map_msi(struct domain *d, const struct physdev_map_pirq *req, int *pirq);
int pirq_restore_msi(uint16_t seg, uint8_t bus, uint8_t devfn); /* PHYSDEVOP_restore_msi */
/* Guests write nothing to its table, from now on or no longer: PHYSDEVOP_prepare_msix, -EBUSY. */
int pirq_prepare_msix(uint16_t seg, uint8_t bus, uint8_t devfn, bool end);
bool pirq_is_mapped(struct domain *d, int pirq);
int pirq_unmap(struct domain *d, int pirq); /* -EINVAL not mapped */
/* Unmask, deliver by evtchn_send_pirq. */
int pirq_bind(struct domain *d, int pirq, bool share);
void pirq_unbind(struct domain *d, int pirq);
/* It notifies v: to the processor where that is. */
void pirq_aim(struct domain *d, uint32_t pirq, const struct vcpu *v);
void irq_print(void); /* debug key i */
int pirq_eoi(struct domain *d, int pirq); /* PHYSDEVOP_eoi */
bool pirq_needs_eoi(struct domain *d, int pirq);
int gsi_setup(int gsi, bool level, bool low); /* PHYSDEVOP_setup_gsi */
void pirq_destroy_domain(struct domain *d);
int pci_device_add(uint16_t seg, uint8_t bus, uint8_t devfn);
int pci_device_remove(uint16_t seg, uint8_t bus, uint8_t devfn);
int ioapic_read(unsigned long base, uint32_t reg, uint32_t *val); /* PHYSDEVOP_apic_read */
int ioapic_write(unsigned long base, uint32_t reg, uint32_t val);
/* The hypervisor's own vectors. */
typedef void (*irq_fn)(void);
void irq_set_handler(uint8_t vector, irq_fn fn);
uint8_t irq_alloc_vector(void); /* 0: none left */
