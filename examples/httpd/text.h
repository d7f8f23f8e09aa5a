/* SPDX-License-Identifier: MIT */
/* Text that is put together piece by piece in a buffer of fixed size. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct text {
	char *start, *at, *end;
	bool cut; /* something did not fit */
};

static inline void text_init(struct text *t, char *buf, size_t size)
{
	*t = (struct text){ .start = buf, .at = buf, .end = buf + size };
}

static inline size_t text_len(const struct text *t)
{
	return (size_t)(t->at - t->start);
}

static inline size_t text_room(const struct text *t)
{
	return (size_t)(t->end - t->at);
}

void text_add(struct text *t, const char *words);
void text_add_number(struct text *t, long long number);

/* Seconds since 1970 as HTTP writes them: "Sun, 06 Nov 1994 08:49:37 GMT". */
void text_add_date(struct text *t, long long seconds);
