/* SPDX-License-Identifier: MIT */
/*
 * printf's formats without a C library: %% %c %s %d %i %u %x %X %o %p with the flags `-`, `0`,
 * `+`, ` ` and `#`, a width and a precision (numbers or `*`), and the lengths hh, h, l, ll, z, t,
 * j. No floating point. An unknown conversion is copied as it stands.
 */
#pragma once

#include <stdarg.h>

#include "lib/types.h"

/* Takes the next piece of output; text is not terminated. */
typedef void format_sink(void *context, const char *text, size_t len);

/* Hands the text to sink in pieces, in order. Returns its length in bytes. */
size_t format_to(format_sink *sink, void *context, const char *fmt, va_list args);

/*
 * Write at most size - 1 bytes and a terminating 0 (nothing when size is 0). Return the length
 * that the whole text has, as snprintf does: it was cut when the result is >= size.
 */
int str_vformat(char *buf, size_t size, const char *fmt, va_list args);
int str_format(char *buf, size_t size, const char *fmt, ...) PRINTF(3, 4);
