/* SPDX-License-Identifier: MIT */
/* A clock of known frequency, for measuring others. One reader at a time. */
#pragma once

#include "types.h"

extern struct clocksource {
	const char *name;
	uint64_t hz;
	bool lasting; /* can be read for ever, if at least every two seconds */
} clocksource;

void clocksource_init(void);
uint64_t clocksource_read(void); /* ticks since clocksource_init, never wraps */
