/* SPDX-License-Identifier: MIT */
/* Descriptor tables of a PV guest. */
#pragma once

#include "pv.h"

#define FIRST_RESERVED_ENTRY FIRST_RESERVED_GDT_ENTRY
#define GUEST_GDT_PAGES FIRST_RESERVED_GDT_PAGE

/* Make a descriptor safe to load (its DPL becomes 3); false: it cannot be. */
bool descriptor_fix(uint64_t *desc);
bool descriptors_validate(uint64_t *page);

/*
 * frames: typed DESC here, released by gdt_unmap. 0, -EINVAL. The caller flushes when v is current.
 */
int gdt_set(struct vcpu *v, const xen_ulong_t *frames, unsigned entries);
void gdt_unmap(struct vcpu *v);
int ldt_set(struct vcpu *v, unsigned long base, unsigned entries);
void ldt_unmap(struct vcpu *v); /* its pages come back on demand */
bool ldt_demand(unsigned long offset); /* map the current vcpu's LDT page; false: the guest has none
					  there */

/* A selector that a guest may have: RPL 3 unless null. */
static inline uint16_t selector_fix(uint64_t sel)
{
	return (uint16_t)(sel | 3);
}
