/* SPDX-License-Identifier: MIT */
/* Time zones as POSIX writes them in TZ: `CET-1CEST,M3.5.0,M10.5.0/3`, `<+03>-3`. Pure. */
#pragma once

#include "lib/types.h"

#define TZ_NAME_MAX 10

/* When a time begins or ends, in the year. */
struct tz_rule {
	char kind; /* M: day `day` of week `week` in `month`; J: 1-365, never 29 Feb; D: 0-365 */
	int month, week, day; /* week 5 is the last; day 0 is Sunday */
	int seconds;          /* after midnight of local time; may be negative */
};

struct tz {
	char name[2][TZ_NAME_MAX + 1]; /* standard, daylight saving; the same where there is none */
	long offset[2];                /* seconds to add to local time for UTC */
	bool daylight;
	struct tz_rule rule[2]; /* from standard to daylight saving, and back */
};

/* False where the text is none of these; then *tz holds nothing of use. */
bool tz_parse(const char *text, struct tz *tz);
