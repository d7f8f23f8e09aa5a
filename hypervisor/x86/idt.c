/* SPDX-License-Identifier: MIT */
/*
 * The interrupt descriptor table, one for all processors.
 *
 * Every vector that neither an exception nor a device nor the hypervisor uses has a gate that
 * ring 3 may take: a guest's INT n comes straight in with its number. For the others the
 * processor raises #GP, and the emulator reads n from the instruction (QEMU's error code for it
 * is wrong, and the gate may belong to a device).
 */
#include "irq.h"
#include "local.h"

struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_mid;
	uint32_t offset_high, reserved;
};

#define GATE_INTERRUPT 0x8e
#define GATE_DPL3      0x60
#define STUB_SIZE      16

static struct gate idt[256] ALIGNED(16);

static bool guest_may(unsigned vector)
{
	return vector == 3 || vector == 4 || (vector >= 32 && vector < VECTOR_FIRST_DYNAMIC);
}

static uint8_t stack_of(unsigned vector)
{
	switch (vector) {
	case 2:
	case 18:
		return IST_NMI;
	case 1:
	case 8:
		return IST_DB;
	}
	return 0;
}

void idt_init(void)
{
	extern const char trap_stubs[];
	unsigned i;

	for (i = 0; i < 256; i++) {
		uint64_t at = (uint64_t)trap_stubs + i * STUB_SIZE;

		idt[i] = (struct gate){
			.offset_low = (uint16_t)at,
			.selector = SEL_HYPER_CS,
			.ist = stack_of(i),
			.type = GATE_INTERRUPT | (guest_may(i) ? GATE_DPL3 : 0),
			.offset_mid = (uint16_t)(at >> 16),
			.offset_high = (uint32_t)(at >> 32),
		};
	}
}

void idt_load(void)
{
	struct table_pointer p = { sizeof(idt) - 1, (uint64_t)idt };

	__asm__ volatile("lidt %0" ::"m"(p));
}
