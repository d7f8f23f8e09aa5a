/* SPDX-License-Identifier: MIT */
/* What the parts of libc know of each other. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <time.h>

#include "guest/types.h"

/* The console's device number, by which isatty knows it. */
#define LIBC_TTY_DEV 0x0501

/* A result of the inside (-errno or not) as the C library's callers want it. */
static inline long libc_result(long result)
{
	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

/* Did the application install a handler? */
bool libc_signal_handled(int number);

/* A moment of CLOCK_REALTIME or CLOCK_MONOTONIC in clock_ns time; past moments give 0. */
ns_t libc_deadline(clockid_t clock, const struct timespec *when);

static inline bool timespec_valid(const struct timespec *ts)
{
	return ts->tv_sec >= 0 && ts->tv_nsec >= 0 && ts->tv_nsec < (long)NS_PER_S;
}

static inline ns_t timespec_ns(const struct timespec *ts)
{
	if ((uint64_t)ts->tv_sec > NS_FOREVER / NS_PER_S - 1)
		return NS_FOREVER;
	return (ns_t)ts->tv_sec * NS_PER_S + (ns_t)ts->tv_nsec;
}

static inline struct timespec timespec_of(ns_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / NS_PER_S),
				  .tv_nsec = (long)(ns % NS_PER_S) };
}

/*
 * The absolute, normalised form of a path (no "//", ".", "..", trailing "/"). PATH_BYTES are room
 * for any, its NUL included. 0, -EFAULT, -ENOENT (an empty path), -ENAMETOOLONG.
 */
#define PATH_BYTES 1024
int path_resolve(const char *path, char *buf, size_t size);
