/* SPDX-License-Identifier: MIT */
/*
 * Rule: an argument in read-only memory will do for what is only read; an answer that cannot be
 * written is -EFAULT.
 * as: dom0, domU
 */
#include "../kit/calls.h"

TEST
{
	char *page = page_alloc(), text[96];

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		const struct call *c = &calls[i];

		if (!call_permitted(c))
			continue;
		va_protect(page, PTE_KERN);
		call_put(c, page);
		if (va_protect(page, PTE_RO))
			error("a page cannot be made read-only");
		str_format(text, sizeof(text), "%s, %s", c->name,
			   c->answers ? "which answers" : "which only reads");
		check(text, MIN(call_at(c, page), 0L), c->answers ? -XEN_EFAULT : 0);
	}
}
