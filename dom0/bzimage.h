/* SPDX-License-Identifier: MIT */
/* Linux's bzImage: a boot sector and setup code before a packed ELF kernel. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "dom0/error.h"

bool bzimage_is(const void *data, size_t size); /* by its setup header */

/*
 * Unpack the ELF kernel inside (gzip, xz, zstd or lz4) into memory that the caller frees with
 * free(). `name` is for the message. 0, or -ENOEXEC, -ENOTSUP, -EINVAL, -EFBIG, -ENOMEM with its
 * line.
 */
int bzimage_unpack(const void *data, size_t size, void **out, size_t *out_size, const char *name,
		   struct error *error);
