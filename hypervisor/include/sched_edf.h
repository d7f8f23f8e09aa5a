/* SPDX-License-Identifier: MIT */
/*
 * A deferrable server: `budget` of processor time in each `period`, to be used at any time within
 * it, in the order of deadlines. Pure: the time comes from outside. Times are ns.
 */
#pragma once

#include "lib/types.h"

struct edf {
	uint64_t period, budget; /* 0 < budget <= period */
	uint64_t deadline;       /* the present period's end */
	int64_t left;            /* of the budget */
	/*
	 * How many budgets beyond its own it has used in this period: whoever has less of that goes
	 * first, whatever the deadlines.
	 */
	uint32_t extra_used;
	bool extra; /* may use time that nobody has a budget for */
};

/* The first period begins with whatever comes first: edf_replenish sees a deadline long past. */
void edf_init(struct edf *e, uint64_t period, uint64_t budget, bool extra);
/* A period that ended is followed by the one that `now` lies in, on the same grid. */
void edf_replenish(struct edf *e, uint64_t now);
/* It ran. False: nothing is left before the deadline. */
bool edf_use(struct edf *e, uint64_t ran);
/* Who of two goes first; of equals the second, who waits already. */
bool edf_before(const struct edf *a, const struct edf *b);
/* How long it may run on, at most. */
uint64_t edf_until(const struct edf *e, uint64_t now);
