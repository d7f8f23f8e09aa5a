/* SPDX-License-Identifier: MIT */
/* assert: a panic, with its backtrace. */
#include <assert.h>

#include "guest/panic.h"

void __assert_func(const char *file, int line, const char *function, const char *condition)
{
	panic("%s:%d: %s: assertion failed: %s", file, line, function ? function : "?", condition);
}
