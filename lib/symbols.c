/* SPDX-License-Identifier: MIT */
/* Looks addresses up in the table of functions that ci/symbols links into each image. */
#include "lib/symbols.h"

#define FUNCTION_MAX 0x10000

/* Sorted by offset from symbol_base; name is an offset into symbol_names. */
struct symbol {
	uint32_t offset, name;
};

extern const uint64_t symbol_base;
extern const uint32_t symbol_count;
extern const struct symbol symbol_offsets[];
extern const char symbol_names[];

const char *symbol_find(uint64_t addr, uint64_t *offset)
{
	uint64_t at = addr - symbol_base;
	uint32_t low = 0, high = symbol_count;

	if (addr < symbol_base)
		return NULL;
	/* Symbols below low start at or before addr, those from high on behind it. */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (symbol_offsets[middle].offset <= at)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || at - symbol_offsets[low - 1].offset >= FUNCTION_MAX)
		return NULL;
	*offset = at - symbol_offsets[low - 1].offset;
	return symbol_names + symbol_offsets[low - 1].name;
}
