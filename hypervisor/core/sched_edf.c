/* SPDX-License-Identifier: MIT */
/*
 * Earliest deadline first, with budgets. An example: A has 4 ms in 10, B 5 in 20; both wake at 0.
 *
 *	0	A runs: its deadline 10 is before 20
 *	4	A's budget is used: it waits for 10, or goes on as extra time behind B
 *	4-9	B
 *	10	A has its next 4 ms, its deadline is 20
 *
 * What ran over its budget (a timer that came late) is forgiven at the next period: nobody gets
 * less than its budget for it.
 */
#include "sched_edf.h"

void edf_init(struct edf *e, uint64_t period, uint64_t budget, bool extra)
{
	*e = (struct edf){ .period = period, .budget = budget, .extra = extra };
}

void edf_replenish(struct edf *e, uint64_t now)
{
	if (now < e->deadline)
		return;
	if (!e->deadline)
		e->deadline = now;
	e->deadline += ((now - e->deadline) / e->period + 1) * e->period;
	e->left = (int64_t)e->budget;
	e->extra_used = 0;
}

bool edf_use(struct edf *e, uint64_t ran)
{
	e->left -= (int64_t)ran;
	if (e->left > 0)
		return true;
	if (!e->extra)
		return false;
	e->left = (int64_t)e->budget;
	e->extra_used++;
	return true;
}

bool edf_before(const struct edf *a, const struct edf *b)
{
	if (a->extra_used != b->extra_used)
		return a->extra_used < b->extra_used;
	return a->deadline < b->deadline;
}

uint64_t edf_until(const struct edf *e, uint64_t now)
{
	return MIN(now + (uint64_t)MAX(e->left, (int64_t)0), e->deadline);
}
