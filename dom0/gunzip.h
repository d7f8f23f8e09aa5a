/* SPDX-License-Identifier: MIT */
/* gzip files in memory, by zlib. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "dom0/error.h"

bool gunzip_is(const void *data, size_t size); /* by its magic number */

/* Unpack into memory that the caller frees with free(). `name` is for the message. 0 or -errno. */
int gunzip(const void *data, size_t size, void **out, size_t *out_size, const char *name,
	   struct error *error);
