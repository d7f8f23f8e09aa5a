/* SPDX-License-Identifier: MIT */
/*
 * Where newlib's own settings are too narrow: read and write take and return whole 64-bit counts.
 */
#pragma once

#define _READ_WRITE_RETURN_TYPE  _ssize_t
#define _READ_WRITE_BUFSIZE_TYPE __SIZE_TYPE__

#include_next <sys/config.h>
