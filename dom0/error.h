/* SPDX-License-Identifier: MIT */
/* One error for a person: what, where, how to mend, in one line. */
#pragma once

#include <errno.h>
#include <stdarg.h>

#include "lib/format.h"

struct error {
	int code; /* -errno; 0: none */
	char text[200];
};

/* Fills in the line and returns code, for `return error_set(...)`. The first error stays. */
static inline int __attribute__((format(printf, 3, 4))) error_set(struct error *error, int code,
								    const char *fmt, ...)
{
	va_list args;

	if (error->code)
		return error->code;
	error->code = code;
	va_start(args, fmt);
	str_vformat(error->text, sizeof(error->text), fmt, args);
	va_end(args);
	return code;
}
