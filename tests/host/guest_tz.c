/* SPDX-License-Identifier: MIT */
/* TZ: what POSIX allows is read, and nothing else. */
// uses: guest/libc/tz.c

#include <assert.h>
#include <string.h>

#include "guest/libc/tz.h"

static struct tz tz;

static void check_good(void)
{
	assert(tz_parse("UTC0", &tz) && !tz.daylight && tz.offset[0] == 0);
	assert(!strcmp(tz.name[0], "UTC") && !strcmp(tz.name[1], "UTC"));
	assert(tz_parse("<+0530>-5:30", &tz) && tz.offset[0] == -19800);
	assert(!strcmp(tz.name[0], "+0530"));
	assert(tz_parse("XYZ+1:02:03", &tz) && tz.offset[0] == 3723);

	assert(tz_parse("CET-1CEST,M3.5.0,M10.5.0/3", &tz) && tz.daylight);
	assert(tz.offset[0] == -3600 && tz.offset[1] == -7200 && !strcmp(tz.name[1], "CEST"));
	assert(tz.rule[0].kind == 'M' && tz.rule[0].month == 3 && tz.rule[0].week == 5);
	assert(tz.rule[0].day == 0 && tz.rule[0].seconds == 7200);
	assert(tz.rule[1].month == 10 && tz.rule[1].seconds == 10800);

	assert(tz_parse("EST5EDT", &tz) && tz.offset[0] == 18000 && tz.offset[1] == 14400);
	assert(tz.rule[0].month == 3 && tz.rule[1].month == 11);
	assert(tz_parse("AAA3BBB1:30,J60/-1,365/26:00", &tz) && tz.offset[1] == 5400);
	assert(tz.rule[0].kind == 'J' && tz.rule[0].day == 60 && tz.rule[0].seconds == -3600);
	assert(tz.rule[1].kind == 'D' && tz.rule[1].day == 365 && tz.rule[1].seconds == 93600);
}

static void check_bad(void)
{
	static const char *const bad[] = {
		"",
		"UT0",
		"UTC",
		"UTC:",
		"UTC25",
		"UTC0:60",
		"UTC0:00:60",
		"<UTC0",
		"<U>0",
		"ABCDEFGHIJK0",
		"CET-1CE",
		"CET-1CEST,",
		"CET-1CEST,M3.5.0",
		"CET-1CEST,M3.5.0,",
		"CET-1CEST,M0.5.0,M10.5.0",
		"CET-1CEST,M3.6.0,M10.5.0",
		"CET-1CEST,M3.5.7,M10.5.0",
		"CET-1CEST,M3.5,M10.5.0",
		"CET-1CEST,J0,J1",
		"CET-1CEST,J366,J1",
		"CET-1CEST,1,366",
		"CET-1CEST,1,2x",
		"CET-1CEST,1/168,2",
		"UTC999999999999999999999",
		"Europe/Berlin",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert(!tz_parse(bad[i], &tz));
}

int main(void)
{
	check_good();
	check_bad();
	return 0;
}
