/* SPDX-License-Identifier: MIT */
/*
 * The arithmetic of shares: virtual run time by weight, and what a cap leaves. Pure: the time comes
 * from outside. Times are ns.
 */
#pragma once

#include "lib/types.h"

#define SHARE_WEIGHT     256U      /* of a domain that nobody gave another */
#define SHARE_CAP_PERIOD 10000000L /* a cap holds over each of these */

/* The processor's time that a capped domain may still use in this period. */
struct share_cap {
	uint64_t start; /* of the period */
	int64_t left;   /* below 0: more than there was; the next periods pay for it */
};

/* Virtual time of a time on the processor: twice the weight, half the virtual time. weight > 0. */
static inline uint64_t share_virtual(uint64_t ran, uint32_t weight)
{
	return likely(weight == SHARE_WEIGHT) ? ran : ran * SHARE_WEIGHT / weight;
}

/*
 * One that slept joins a queue whose clock stands at `clock`: it neither brings more credit with it
 * than `slice` nor more debt than SHARE_DEBT slices. One that waited in another queue keeps what it
 * has, within SHARE_DEBT slices both ways.
 */
#define SHARE_DEBT 4
static inline uint64_t share_join(uint64_t virtual, uint64_t clock, uint64_t slice)
{
	if (virtual + slice < clock)
		return clock - slice;
	return MIN(virtual, clock + SHARE_DEBT * slice);
}
static inline uint64_t share_move(uint64_t virtual, uint64_t clock, uint64_t slice)
{
	if (virtual + SHARE_DEBT * slice < clock)
		return clock - SHARE_DEBT * slice;
	return MIN(virtual, clock + SHARE_DEBT * slice);
}

/* A new cap's first period begins. percent: of one processor, > 0. */
void share_cap_begin(struct share_cap *cap, uint32_t percent, uint64_t now);
/* What is left at `now`, once the periods that ended have brought theirs: none if <= 0. */
int64_t share_cap_left(struct share_cap *cap, uint32_t percent, uint64_t now);
static inline void share_cap_use(struct share_cap *cap, uint64_t ran)
{
	cap->left -= (int64_t)ran;
}
/* When there is some again, for one that has none: later than the `now` of share_cap_left. */
uint64_t share_cap_again(const struct share_cap *cap, uint32_t percent);
