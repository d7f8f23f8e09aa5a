/* SPDX-License-Identifier: MIT */
/* The clocks, from what Xen writes into shared_info. */
#include "guest/clock.h"
#include "guest/cpu.h"
#include "guest/irq.h"

static ns_t wall_offset; /* what clock_wall_set added; signed, wraps; atomic */
static ns_t last;	 /* the latest time that anybody was told; atomic */

/*
 * clock_ns() less Xen's system time; signed, wraps. A domain that goes on under another Xen finds
 * another system time there, which may be less: our clock stands still meanwhile, and goes on.
 */
static ns_t mono_offset;

uint64_t clock_tsc(void)
{
	return __builtin_ia32_rdtsc();
}

/*
 * A new calibration may fall behind the old one by a few ns, and so may one vcpu behind another.
 */
static ns_t not_before(ns_t now)
{
	ns_t seen = READ_ONCE(last);

	while (likely(now > seen))
		if (__atomic_compare_exchange_n(&last, &seen, now, false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			return now;
	return seen;
}

/*
 * Xen writes the version odd, then the rest, then the version even. We read in the opposite
 * order, and again if Xen was at it: the barriers keep the reads between the two looks at the
 * version. Masked, since the record goes with the TSC of this vcpu's processor.
 */
static ns_t system_ns(void)
{
	unsigned long flags = irq_save();
	const struct vcpu_time_info *time = &cpu_self()->info.time;
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
	irq_restore(flags);
	return now;
}

ns_t clock_ns(void)
{
	return not_before(system_ns() + mono_offset);
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
	return seconds * NS_PER_S + nanoseconds + clock_ns() - mono_offset +
	       READ_ONCE(wall_offset);
}

void clock_wall_set(ns_t now)
{
	__atomic_fetch_add(&wall_offset, now - clock_wall_ns(), __ATOMIC_RELAXED);
}

ns_t clock_to_system(ns_t deadline)
{
	ns_t time = deadline - mono_offset;

	return (int64_t)time > 0 ? time : 1;
}

void clock_resume(void)
{
	mono_offset = last - system_ns();
}
