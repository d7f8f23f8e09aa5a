/* SPDX-License-Identifier: MIT */
/*
 * Rule: an argument whose last byte is not there is refused, whichever operation it is, and one
 * that ends before is not.
 * as: dom0, domU
 */
#include "../kit/calls.h"

TEST
{
	char *page = page_alloc(), *hole = page_alloc();
	char text[96];

	if (hole != page + PAGE_SIZE)
		error("the pool's pages are not neighbours");
	check("the second page is taken away", va_map(hole, 0), 0);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		const struct call *c = &calls[i];
		char *at = hole - c->size;

		if (!call_permitted(c))
			continue;
		call_put(c, at);
		str_format(text, sizeof(text), "%s up to the page's end is refused", c->name);
		check(text, call_at(c, at) < 0, 0);
		/* One byte further: what of it is read, and what written, fits no more. */
		for (char *byte = page; byte < hole; byte++)
			*byte = 0;
		for (unsigned int n = 0; n < c->size - 1; n++)
			at[1 + n] = ((const char *)&c->u)[n];
		str_format(text, sizeof(text), "%s, one byte over it", c->name);
		check(text, call_at(c, at + 1), -XEN_EFAULT);
	}
}
