/* SPDX-License-Identifier: MIT */
/* A failed assert() of the C library or the application: one line, a backtrace, a crash. */
#include <assert.h>

#include "guest/panic.h"

void __assert_func(const char *file, int line, const char *function, const char *expression)
{
	panic("%s:%d: %s: assertion failed: %s", file, line, function ? function : "?", expression);
}

void __assert(const char *file, int line, const char *expression)
{
	__assert_func(file, line, NULL, expression);
}
