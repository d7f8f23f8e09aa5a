/* SPDX-License-Identifier: MIT */
/*
 * Rule: an argument may lie anywhere in the guest's memory, at odd addresses and over the end of a
 * page.
 * as: dom0, domU
 */
#include "../kit/calls.h"

TEST
{
	char *pages = page_alloc(), *second = page_alloc();
	char text[96];

	if (second != pages + PAGE_SIZE)
		error("the pool's pages are not neighbours");
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		const struct call *c = &calls[i];
		long bad = 0;

		if (!call_permitted(c))
			continue;
		for (unsigned int offset = 0; offset < 16; offset++) {
			call_put(c, pages + offset);
			bad += call_at(c, pages + offset) < 0;
			call_put(c, second - offset);
			bad += call_at(c, second - offset) < 0;
		}
		str_format(text, sizeof(text), "%s, refused of 32", c->name);
		check(text, bad, 0);
		str_format(text, sizeof(text), "%s, where nothing is", c->name);
		check(text, call_at(c, (void *)VA_UNMAPPED), -XEN_EFAULT);
	}
}
