/* SPDX-License-Identifier: MIT */
/* lwIP's view of compiler and C library. */
#pragma once

#include <limits.h>
#include <sys/time.h>
#include <sys/types.h>

#ifndef SSIZE_MAX
#define SSIZE_MAX LONG_MAX /* newlib has ssize_t, but this not everywhere */
#endif

#define LWIP_NO_CTYPE_H 0

unsigned int net_random(void);
#define LWIP_RAND() net_random()

void net_diag(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void net_assert_failed(const char *what, const char *file, int line) __attribute__((noreturn));
#define LWIP_PLATFORM_DIAG(x)   net_diag x
#define LWIP_PLATFORM_ASSERT(x) net_assert_failed(x, __FILE__, __LINE__)
