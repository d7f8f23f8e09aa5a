/* SPDX-License-Identifier: MIT */
/* The clocks, from what Xen writes into shared_info. */
#include "guest/clock.h"
#include "guest/irq.h"
#include "guest/start.h"

static ns_t wall_offset; /* what clock_wall_set added; signed, wraps */

uint64_t clock_tsc(void)
{
	return __builtin_ia32_rdtsc();
}

/*
 * Xen writes the version odd, then the rest, then the version even. We read in the opposite
 * order, and again if Xen was at it: the barriers keep the reads between the two looks at the
 * version.
 */
ns_t clock_ns(void)
{
	const struct vcpu_time_info *time = &this_vcpu_info->time;
	static ns_t last;
	uint64_t delta;
	uint32_t version;
	ns_t now;

	do {
		version = READ_ONCE(time->version);
		rmb();
		delta = clock_tsc() - time->tsc_timestamp;
		if (time->tsc_shift >= 0)
			delta <<= time->tsc_shift;
		else
			delta >>= -time->tsc_shift;
		now = time->system_time +
		      (uint64_t)((unsigned __int128)delta * time->tsc_to_system_mul >> 32);
		rmb();
	} while (unlikely(version & 1 || version != READ_ONCE(time->version)));

	/* A new calibration may fall behind the old one by a few ns. */
	if (unlikely(now < last))
		return last;
	last = now;
	return now;
}

ns_t clock_wall_ns(void)
{
	uint64_t seconds;
	uint32_t version, nanoseconds;

	do {
		version = READ_ONCE(shared_info.wc_version);
		rmb();
		seconds = (uint64_t)shared_info.wc_sec_hi << 32 | shared_info.wc_sec;
		nanoseconds = shared_info.wc_nsec;
		rmb();
	} while (unlikely(version & 1 || version != READ_ONCE(shared_info.wc_version)));
	return seconds * NS_PER_S + nanoseconds + clock_ns() + wall_offset;
}

void clock_wall_set(ns_t now)
{
	wall_offset += now - clock_wall_ns();
}
