/* SPDX-License-Identifier: MIT */
/* The syntax of xl.cfg(5). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/syntax.h"
#include "lib/types.h"

/*
 * The grammar, which is xl's without what no file uses:
 *
 *	file	  = { assignment ( newline | ";" ) }
 *	assignment = key ( "=" | "+=" ) value
 *	value	  = number | string | "[" [ value { "," value } [ "," ] ] "]"
 *	string	  = "'" characters "'" | '"' characters '"'
 *
 * "#" begins a comment. Newlines are blanks within brackets only. Escapes in strings are C's.
 */

struct cursor {
	const char *at, *end;
	unsigned int line;
	const char *file;
	struct error *error;
};

/* All messages have one form, and each says how to mend what it tells of. */
static int complain(struct cursor *c, unsigned int line, const char *what)
{
	return error_set(c->error, -EINVAL, "%s:%u: %s", c->file, line, what);
}

static int no_memory(struct cursor *c)
{
	return error_set(c->error, -ENOMEM, "%s: out of memory while reading it", c->file);
}

/* The character at the cursor; 0 at the end, where no other character is 0 (see syntax_parse). */
static char peek(const struct cursor *c)
{
	return c->at < c->end ? *c->at : 0;
}

static bool accept(struct cursor *c, char wanted)
{
	if (peek(c) != wanted)
		return false;
	c->at++;
	return true;
}

static void skip_comment(struct cursor *c)
{
	while (peek(c) && peek(c) != '\n')
		c->at++;
}

/* Blanks and comments; with `lines`, ends of lines too. */
static void skip_blanks(struct cursor *c, bool lines)
{
	for (;;) {
		char here = peek(c);

		if (here == '#') {
			skip_comment(c);
		} else if (here == '\n' && lines) {
			c->line++;
			c->at++;
		} else if (here == ' ' || here == '\t' || here == '\r') {
			c->at++;
		} else {
			return;
		}
	}
}

static bool word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == '-';
}

static struct value *value_make(size_t len, unsigned int line)
{
	struct value *value = calloc(1, sizeof(*value) + len + 1);

	if (value)
		value->line = line;
	return value;
}

/* Free a value and all that follow it in its list. */
static void value_free(struct value *value)
{
	while (value) {
		struct value *next = value->next;

		value_free(value->items);
		free(value);
		value = next;
	}
}

static unsigned int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10u : 99;
}

/* Up to `most` digits of a base. -1 if there is none, or what they say does not fit or is 0. */
static int escape_number(struct cursor *c, unsigned int base, unsigned int most)
{
	unsigned int value = 0, count = 0;

	for (; count < most && digit_of(peek(c)) < base; count++)
		value = value * base + digit_of(*c->at++);
	return count && value && value < 256 ? (int)value : -1;
}

/* What follows a backslash. The character, or -1. */
static int escape(struct cursor *c)
{
	static const char from[] = "abfnrtv\\'\"";
	static const char to[] = "\a\b\f\n\r\t\v\\'\"";
	const char *known = peek(c) ? strchr(from, peek(c)) : NULL;

	if (known) {
		c->at++;
		return to[known - from];
	}
	if (accept(c, 'x'))
		return escape_number(c, 16, 2);
	return escape_number(c, 8, 3);
}

static int parse_string(struct cursor *c, struct value **value)
{
	char quote = *c->at++, here;
	const char *start = c->at;
	struct value *string;
	size_t len = 0;

	/* What is written is at least as long as what it means. */
	while (start < c->end && *start != '\n')
		start++;
	string = value_make(start - c->at, c->line);
	if (!string)
		return no_memory(c);
	while ((here = peek(c)) && here != '\n' && here != quote) {
		int meant = (unsigned char)here;

		c->at++;
		if (here == '\\')
			meant = escape(c);
		if (meant < 0) {
			free(string);
			return complain(c, c->line,
					"unknown escape in a string: write \\\\ for "
					"a backslash");
		}
		string->text[len++] = meant;
	}
	if (!accept(c, quote)) {
		free(string);
		return complain(c, c->line,
				"a string without an end: close its quote on the "
				"same line");
	}
	*value = string;
	return 0;
}

/* A number, or a bare word, which only a message can be about. */
static int parse_number(struct cursor *c, struct value **value)
{
	const char *start = c->at;
	size_t len;

	while (word_char(peek(c)))
		c->at++;
	len = c->at - start;
	if (!len)
		return complain(c, c->line,
				"a value is missing: a \"string\", a number or a "
				"[ list ]");
	if (*start < '0' || *start > '9')
		return error_set(c->error, -EINVAL,
				 "%s:%u: a bare word %.*s: put a string in "
				 "quotes",
				 c->file, c->line, (int)MIN(len, (size_t)40), start);
	*value = value_make(len, c->line);
	if (!*value)
		return no_memory(c);
	memcpy((*value)->text, start, len);
	return 0;
}

static int parse_value(struct cursor *c, unsigned int depth, struct value **value);

static int parse_list(struct cursor *c, unsigned int depth, struct value **value)
{
	struct value *list = value_make(0, c->line), **end;
	int rc = 0;

	if (!list)
		return no_memory(c);
	list->is_list = true;
	end = &list->items;
	c->at++;
	for (;;) {
		skip_blanks(c, true);
		if (accept(c, ']'))
			break;
		rc = parse_value(c, depth + 1, end);
		if (rc)
			break;
		end = &(*end)->next;
		skip_blanks(c, true);
		if (accept(c, ','))
			continue;
		if (peek(c) != ']') {
			rc = complain(c, c->line,
				      "a list goes on without a comma or ends without "
				      "a bracket: put , between items and ] at the end");
			break;
		}
	}
	if (rc)
		value_free(list);
	else
		*value = list;
	return rc;
}

static int parse_value(struct cursor *c, unsigned int depth, struct value **value)
{
	if (depth > SYNTAX_DEPTH_MAX)
		return complain(c, c->line, "too many lists within lists");
	switch (peek(c)) {
	case '[':
		return parse_list(c, depth, value);
	case '"':
	case '\'':
		return parse_string(c, value);
	default:
		return parse_number(c, value);
	}
}

/* Append `more`, which it takes over, to the value of a setting. */
static int append(struct cursor *c, struct setting *setting, struct value *more)
{
	struct value *old = setting->value, *both;

	if (old->is_list != more->is_list) {
		value_free(more);
		return error_set(c->error, -EINVAL,
				 "%s:%u: += of a %s to %s, which is a %s since "
				 "line %u",
				 c->file, c->line, old->is_list ? "string" : "list", setting->key,
				 old->is_list ? "list" : "string", setting->line);
	}
	if (old->is_list) {
		struct value **end = &old->items;

		while (*end)
			end = &(*end)->next;
		*end = more->items;
		more->items = NULL;
		value_free(more);
		return 0;
	}
	both = value_make(strlen(old->text) + strlen(more->text), old->line);
	if (both) {
		strcpy(both->text, old->text);
		strcat(both->text, more->text);
		setting->value = both;
		value_free(old);
	}
	value_free(more);
	return both ? 0 : no_memory(c);
}

/* Put a value, which it takes over, under a key. */
static int store_setting(struct cursor *c, struct setting **list, const char *key, size_t key_len,
			 bool add, struct value *value)
{
	struct setting *setting;

	for (; (setting = *list); list = &setting->next) {
		if (strlen(setting->key) != key_len || memcmp(setting->key, key, key_len))
			continue;
		if (add)
			return append(c, setting, value);
		value_free(value);
		return error_set(c->error, -EINVAL,
				 "%s:%u: %s is set already in line %u: keep one "
				 "of them, or append with +=",
				 c->file, c->line, setting->key, setting->line);
	}
	setting = calloc(1, sizeof(*setting) + key_len + 1);
	if (!setting) {
		value_free(value);
		return no_memory(c);
	}
	setting->line = value->line;
	setting->value = value;
	memcpy(setting->key, key, key_len);
	*list = setting;
	return 0;
}

#define KEY_MAX 40

static int parse_assignment(struct cursor *c, struct setting **list)
{
	const char *key = c->at;
	struct value *value;
	size_t key_len;
	bool add;
	int rc;

	while (word_char(peek(c)))
		c->at++;
	key_len = c->at - key;
	if (!key_len || key_len > KEY_MAX || (*key >= '0' && *key <= '9'))
		return complain(c, c->line,
				"this is no assignment: write key = value, comments "
				"after #");
	skip_blanks(c, false);
	add = accept(c, '+');
	if (!accept(c, '='))
		return error_set(c->error, -EINVAL, "%s:%u: no = after %.*s: write %.*s = value",
				 c->file, c->line, (int)key_len, key, (int)key_len, key);
	skip_blanks(c, false);
	rc = parse_value(c, 0, &value);
	if (rc)
		return rc;
	rc = store_setting(c, list, key, key_len, add, value);
	if (rc)
		return rc;
	skip_blanks(c, false);
	if (peek(c) && peek(c) != '\n' && !accept(c, ';'))
		return complain(c, c->line,
				"something follows a value: begin a new line, or close "
				"the string or list first");
	return 0;
}

int syntax_parse(const char *text, size_t len, const char *file, struct setting **settings,
		 struct error *error)
{
	struct cursor c = { text, text + len, 1, file, error };
	const char *nul = memchr(text, 0, len);
	struct setting *list = NULL;
	int rc = 0;

	if (nul)
		return error_set(error, -EINVAL, "%s: a NUL byte in it: this is no text file",
				 file);
	for (skip_blanks(&c, true); !rc && peek(&c); skip_blanks(&c, true)) {
		if (!accept(&c, ';'))
			rc = parse_assignment(&c, &list);
	}
	if (rc)
		syntax_free(list);
	else
		*settings = list;
	return rc;
}

void syntax_free(struct setting *settings)
{
	while (settings) {
		struct setting *next = settings->next;

		value_free(settings->value);
		free(settings);
		settings = next;
	}
}
