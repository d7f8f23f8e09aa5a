/* SPDX-License-Identifier: MIT */
/*
 * The functions of the image itself, by address, for backtraces. ci/symbols makes the table at
 * link time; until then, and in images that lack it, the table is empty.
 */
#pragma once

#include "lib/types.h"

/*
 * Name of the function that addr lies in and addr's offset in it; NULL where it is in none. The
 * last function has no known end: offsets beyond 64 KiB count as none.
 */
const char *symbol_find(uint64_t addr, uint64_t *offset);
