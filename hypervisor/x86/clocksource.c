/* SPDX-License-Identifier: MIT */
/*
 * The clock that the TSC is measured against: HPET, else the ACPI PM timer, else channel 2 of the
 * PIT. Its count is widened to 64 bits here, so it must be read at least once a wrap: 2.3 s for
 * the 24-bit PM timer, 27 ms for the PIT, which therefore serves at boot only.
 */
#include "clocksource.h"
#include "console.h"
#include "local.h"

#define HPET_PERIOD 0x04 /* upper half of the capabilities: femtoseconds a tick */
#define HPET_CONFIG 0x10
#define HPET_COUNT  0xf0
#define HPET_ENABLE 1u

#define PM_TIMER_HZ 3579545
#define PIT_HZ      1193182
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND  0x43
#define PIT_GATE     0x61

static volatile uint32_t *hpet;
static uint64_t (*read_raw)(void);
static uint64_t mask, count, last;

struct clocksource clocksource;

static uint64_t hpet_read(void)
{
	return hpet[HPET_COUNT / 4];
}

static uint64_t pm_read(void)
{
	return inl(acpi.pm_timer);
}

static uint64_t pit_read(void)
{
	uint8_t low;

	outb(PIT_COMMAND, 0x80); /* latch channel 2, which counts down */
	low = inb(PIT_CHANNEL2);
	return 0xffffu - (low | (uint64_t)inb(PIT_CHANNEL2) << 8);
}

/* A clock that stands still would hold up the boot for ever. */
static bool counts(void)
{
	uint64_t start = read_raw();
	unsigned spin;

	for (spin = 0; spin < 10000; spin++)
		if (read_raw() != start)
			return true;
	return false;
}

static bool use_hpet(void)
{
	uint32_t period;

	if (!acpi.hpet)
		return false;
	hpet = iomap(acpi.hpet, PAGE_SIZE);
	if (!hpet)
		return false;
	period = hpet[HPET_PERIOD / 4];
	if (period < 1000 || period > 100000000) /* absent, or out of specification */
		return false;
	hpet[HPET_CONFIG / 4] |= HPET_ENABLE;
	clocksource = (struct clocksource){ "HPET", 1000000000000000UL / period, true };
	read_raw = hpet_read;
	mask = 0xffffffff;
	return counts();
}

static bool use_pm_timer(void)
{
	if (!acpi.pm_timer)
		return false;
	clocksource = (struct clocksource){ "ACPI PM timer", PM_TIMER_HZ, true };
	read_raw = pm_read;
	mask = 0xffffff;
	return counts();
}

static void use_pit(void)
{
	outb(PIT_GATE, (uint8_t)((inb(PIT_GATE) & ~2u) | 1)); /* count, speaker off */
	outb(PIT_COMMAND, 0xb4); /* channel 2, both bytes, rate generator */
	outb(PIT_CHANNEL2, 0xff);
	outb(PIT_CHANNEL2, 0xff);
	clocksource = (struct clocksource){ "PIT", PIT_HZ, false };
	read_raw = pit_read;
	mask = 0xffff;
}

void clocksource_init(void)
{
	if (!use_hpet() && !use_pm_timer())
		use_pit();
	last = read_raw() & mask;
}

uint64_t clocksource_read(void)
{
	uint64_t now = read_raw() & mask;

	count += (now - last) & mask;
	last = now;
	return count;
}
