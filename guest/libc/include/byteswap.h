/* SPDX-License-Identifier: MIT */
/* Byte order reversed. */
#pragma once

#include <stdint.h>

#define bswap_16(x) __builtin_bswap16(x)
#define bswap_32(x) __builtin_bswap32(x)
#define bswap_64(x) __builtin_bswap64(x)
