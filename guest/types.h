/* SPDX-License-Identifier: MIT */
/*
 * The guest's view of the ABI: Xen's public types as a toolstack sees them, and our own numbers.
 * Comes before any <xen/...>, which want the integer types and __XEN_TOOLS__ to be there.
 */
#pragma once

#ifndef __XEN_TOOLS__
#define __XEN_TOOLS__ 1 /* domctl.h and sysctl.h refuse anyone else */
#endif

#include <errno.h>
#include <stdint.h>
#include <sys/types.h>

#include <xen/xen.h>

#include "lib/types.h"

/* Nanoseconds: a duration, or a moment of the monotonic clock (see guest/clock.h). */
typedef uint64_t ns_t;

#define NS_PER_US  1000ULL
#define NS_PER_MS  1000000ULL
#define NS_PER_S   1000000000ULL
#define NS_FOREVER UINT64_MAX
