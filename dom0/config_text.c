/* SPDX-License-Identifier: MIT */
/* Messages about a configuration's lines, and cutting its strings into parts. */
#include <stdarg.h>
#include <string.h>

#include "dom0/config_items.h"

int reader_error(struct reader *r, unsigned int line, const char *fmt, ...)
{
	char text[160];
	va_list args;

	va_start(args, fmt);
	str_vformat(text, sizeof(text), fmt, args);
	va_end(args);
	return error_set(r->error, -EINVAL, "%s:%u: %s", r->file, line, text);
}

void reader_notice(struct reader *r, unsigned int line, const char *fmt, ...)
{
	char text[160], whole[200];
	va_list args;

	if (!r->notice)
		return;
	va_start(args, fmt);
	str_vformat(text, sizeof(text), fmt, args);
	va_end(args);
	str_format(whole, sizeof(whole), "%s:%u: %s", r->file, line, text);
	r->notice(whole);
}

int reader_copy(struct reader *r, unsigned int line, const char *what, char *out, size_t size,
		const char *text, size_t len)
{
	if (len >= size)
		return reader_error(r, line, "%s: longer than %zu characters: shorten it", what,
				    size - 1);
	memcpy(out, text, len);
	out[len] = 0;
	return 0;
}

const char *next_part(const char **at, char between, size_t *len)
{
	const char *part = *at, *end;

	if (!part)
		return NULL;
	end = strchr(part, between);
	*at = end ? end + 1 : NULL;
	if (!end)
		end = part + strlen(part);
	while (part < end && (*part == ' ' || *part == '\t'))
		part++;
	while (end > part && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*len = end - part;
	return part;
}

bool part_is(const char *part, size_t len, const char *word)
{
	for (size_t i = 0; i < len; i++) {
		char c = part[i] >= 'A' && part[i] <= 'Z' ? part[i] | 0x20 : part[i];

		if (c != word[i]) /* also at the word's end */
			return false;
	}
	return !word[len];
}
