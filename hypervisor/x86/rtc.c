/* SPDX-License-Identifier: MIT */
/*
 * The battery clock (MC146818 at ports 0x70 and 0x71), read once at boot. It is taken to keep
 * UTC.
 */
#include "local.h"

#define PORT_INDEX 0x70
#define PORT_DATA  0x71
#define SECONDS 0
#define MINUTES 2
#define HOURS   4
#define DAY     7
#define MONTH   8
#define YEAR    9
#define STATUS_A 10
#define STATUS_B 11
#define UPDATING 0x80
#define B_24H    0x02
#define B_BINARY 0x04
#define PM       0x80
#define SPIN_MAX 10000

struct moment {
	unsigned second, minute, hour, day, month, year;
};

static uint8_t reg(uint8_t index)
{
	outb(PORT_INDEX, index);
	return inb(PORT_DATA);
}

static unsigned number(uint8_t v, bool binary)
{
	return binary ? v : (v >> 4) * 10u + (v & 15u);
}

static void read_moment(struct moment *m)
{
	uint8_t status = reg(STATUS_B), hour = reg(HOURS);
	bool binary = status & B_BINARY;

	m->second = number(reg(SECONDS), binary);
	m->minute = number(reg(MINUTES), binary);
	m->hour = number(status & B_24H ? hour : hour & ~PM, binary);
	if (!(status & B_24H))
		m->hour = m->hour % 12 + (hour & PM ? 12 : 0);
	m->day = number(reg(DAY), binary);
	m->month = number(reg(MONTH), binary);
	m->year = number(reg(YEAR), binary);
	m->year += m->year < 70 ? 2000 : 1900;
}

/* Days since 1970-01-01 of the Gregorian calendar; the year is taken to begin in March. */
static uint64_t days(unsigned year, unsigned month, unsigned day)
{
	unsigned y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 9 : month - 3;

	return 365UL * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

uint64_t rtc_read(void)
{
	struct moment m;
	unsigned spin;

	for (spin = 0; spin < SPIN_MAX && reg(STATUS_A) & UPDATING; spin++)
		;
	read_moment(&m);
	if (m.month < 1 || m.month > 12 || m.day < 1 || m.day > 31)
		return 0;
	return ((days(m.year, m.month, m.day) * 24 + m.hour) * 60 + m.minute) * 60 + m.second;
}
