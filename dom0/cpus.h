/* SPDX-License-Identifier: MIT */
/* Sets of processors as people write them: "all", "0-3,^2,7". Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPUS_MAX 64

/* Bit i: processor i; "all" and "any" set them all. False: not such a set, or an empty one. */
bool cpus_parse(const char *text, uint64_t *mask);
/* The shortest such text; what `all` has counts as "all". */
void cpus_format(uint64_t mask, uint64_t all, char *out, size_t size);
