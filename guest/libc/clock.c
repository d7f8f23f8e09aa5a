/* SPDX-License-Identifier: MIT */
/* POSIX's clocks and sleeps. */
#include <errno.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "guest/clock.h"
#include "guest/libc/libc.h"
#include "guest/thread.h"

static int clock_read(clockid_t clock, ns_t *now)
{
	switch (clock) {
	case CLOCK_REALTIME:
		*now = clock_wall_ns();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_PROCESS_CPUTIME_ID: /* see times() */
		*now = clock_ns();
		return 0;
	default:
		return -EINVAL;
	}
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	ns_t now;
	int err = clock_read(clock, &now);

	if (!err)
		*ts = timespec_of(now);
	return (int)libc_result(err);
}

int clock_settime(clockid_t clock, const struct timespec *ts)
{
	if (clock != CLOCK_REALTIME || !timespec_valid(ts))
		return (int)libc_result(-EINVAL);
	clock_wall_set(timespec_ns(ts));
	return 0;
}

int clock_getres(clockid_t clock, struct timespec *res)
{
	ns_t now;
	int err = clock_read(clock, &now);

	if (!err && res)
		*res = (struct timespec){ .tv_nsec = 1 };
	return (int)libc_result(err);
}

int gettimeofday(struct timeval *tv, void *zone)
{
	ns_t now = clock_wall_ns();

	tv->tv_sec = (time_t)(now / NS_PER_S);
	tv->tv_usec = (suseconds_t)(now % NS_PER_S / NS_PER_US);
	return 0;
}

int settimeofday(const struct timeval *tv, const struct timezone *zone)
{
	struct timespec ts = { .tv_sec = tv->tv_sec, .tv_nsec = tv->tv_usec * (long)NS_PER_US };

	return clock_settime(CLOCK_REALTIME, &ts);
}

ns_t libc_deadline(clockid_t clock, const struct timespec *when)
{
	ns_t then = timespec_ns(when), now;

	if (clock != CLOCK_REALTIME || then == NS_FOREVER)
		return then;
	now = clock_wall_ns();
	return then <= now ? 0 : clock_deadline(then - now);
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *request,
		    struct timespec *remain)
{
	ns_t deadline;

	if ((clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) || !timespec_valid(request))
		return EINVAL;
	deadline = flags & TIMER_ABSTIME ? libc_deadline(clock, request)
					 : clock_deadline(timespec_ns(request));
	while (!thread_sleep_until(deadline))
		;
	return 0;
}

int nanosleep(const struct timespec *request, struct timespec *remain)
{
	return (int)libc_result(-clock_nanosleep(CLOCK_MONOTONIC, 0, request, remain));
}

unsigned int sleep(unsigned int seconds)
{
	thread_sleep(seconds * NS_PER_S);
	return 0;
}

int usleep(useconds_t us)
{
	thread_sleep(us * NS_PER_US);
	return 0;
}
