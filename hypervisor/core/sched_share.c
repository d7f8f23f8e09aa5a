/* SPDX-License-Identifier: MIT */
/*
 * Caps. A period brings its budget when it begins; what was not used of the last one is lost, so
 * that an idle domain saves nothing up, and what was used beyond it (several vcpus, a slice that
 * ended late) is owed. So over a long time a busy domain gets its cap exactly.
 */
#include "sched_share.h"

static int64_t budget(uint32_t percent)
{
	return SHARE_CAP_PERIOD / 100 * percent;
}

void share_cap_begin(struct share_cap *cap, uint32_t percent, uint64_t now)
{
	cap->start = now;
	cap->left = budget(percent);
}

int64_t share_cap_left(struct share_cap *cap, uint32_t percent, uint64_t now)
{
	int64_t full = budget(percent);
	uint64_t periods, pay;

	if (now - cap->start < SHARE_CAP_PERIOD)
		return cap->left;
	periods = (now - cap->start) / SHARE_CAP_PERIOD;
	cap->start += periods * SHARE_CAP_PERIOD;
	/* No more of them than the debt needs: a product of all could overflow. */
	pay = cap->left < 0 ? (uint64_t)(-cap->left / full) + 2 : 1;
	cap->left = MIN(cap->left + (int64_t)MIN(periods, pay) * full, full);
	return cap->left;
}

uint64_t share_cap_again(const struct share_cap *cap, uint32_t percent)
{
	uint64_t periods = 1;

	if (cap->left < 0)
		periods += (uint64_t)(-cap->left / budget(percent));
	return cap->start + periods * SHARE_CAP_PERIOD;
}
