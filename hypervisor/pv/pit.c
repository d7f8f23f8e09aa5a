/* SPDX-License-Identifier: MIT */
/*
 * What of the PC's timer the hardware domain has, as stock Xen lends it: channel 2 and the gate
 * that joins it to the speaker. The hypervisor looks at it at boot only (x86/clocksource.c).
 * Channels 0 and 1 are nobody's: what is meant for them is lost.
 */
#include "hypervisor/pv/decode.h"
#include "machine.h"

#define CHANNEL2     0x42
#define MODE         0x43
#define GATE         0x61
#define GATE_BITS    3u    /* count, speaker; the others are not the timer's */
#define MODE_CHANNEL 0xc0u /* 2: channel 2, 3: read back */
#define READ_BACK_2  0x08u /* read-back: of channel 2 */
#define READ_BACK_01 0x06u

bool pit_port(unsigned port)
{
	return port == CHANNEL2 || port == MODE || port == GATE;
}

uint8_t pit_read(unsigned port)
{
	return port == MODE ? 0 : inb((uint16_t)port);
}

static void write_mode(uint8_t val)
{
	if ((val & MODE_CHANNEL) == 0x80)
		outb(MODE, val);
	else if ((val & MODE_CHANNEL) == 0xc0 && val & READ_BACK_2)
		outb(MODE, (uint8_t)(val & ~(READ_BACK_01 | 1)));
}

/* Two vcpus that race for the gate leave one of their two choices there, and nothing else. */
void pit_write(unsigned port, uint8_t val)
{
	if (port == MODE)
		write_mode(val);
	else if (port == GATE)
		outb(GATE, (uint8_t)((inb(GATE) & ~GATE_BITS) | (val & GATE_BITS)));
	else
		outb(CHANNEL2, val);
}
