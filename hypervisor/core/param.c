/* SPDX-License-Identifier: MIT */
/*
 * The command line: words of "name=value", "name", "no-name"; each goes to the option declared
 * under its name.
 */
#include "param.h"
#include "console.h"
#include "lib/string.h"

#define CMDLINE_MAX 1024

extern const struct param params_start[], params_end[];

static char line[CMDLINE_MAX];  /* as given */
static char words[CMDLINE_MAX]; /* cut into strings, which options point into */

const char *param_cmdline(void)
{
	return line;
}

uint64_t param_size(const char *s, const char **end)
{
	uint64_t n = 0;
	unsigned shift = 10;

	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (uint64_t)(*s - '0');
	switch (*s | 0x20) {
	case 'b':
		shift = 0;
		break;
	case 'k':
		break;
	case 'm':
		shift = 20;
		break;
	case 'g':
		shift = 30;
		break;
	case 't':
		shift = 40;
		break;
	default:
		s--;
	}
	if (end)
		*end = s + 1;
	return n << shift;
}

static uint64_t parse_number(const char *s)
{
	uint64_t n = 0, base = 10, digit;

	if (s[0] == '0' && (s[1] | 0x20) == 'x') {
		base = 16;
		s += 2;
	}
	for (; *s; s++, n = n * base + digit) {
		digit = *s <= '9' ? (uint64_t)(*s - '0') : (uint64_t)((*s | 0x20) - 'a' + 10);
		if (digit >= base)
			break;
	}
	return n;
}

/* -1: neither yes nor no. */
static int parse_bool(const char *s)
{
	static const char *const yes[] = { "yes", "on", "true", "enable", "1" };
	static const char *const no[] = { "no", "off", "false", "disable", "0" };
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(yes); i++)
		if (!strcmp(s, yes[i]))
			return 1;
		else if (!strcmp(s, no[i]))
			return 0;
	return -1;
}

/* false: the value does not suit. */
/* A flag without a value is set; "no-" in front turns its meaning round. */
static bool param_set(const struct param *p, char *value, bool negated)
{
	int b;

	switch (p->kind) {
	case PARAM_BOOL:
		b = *value ? parse_bool(value) : 1;
		if (b < 0)
			return false;
		*(bool *)p->var = b != negated;
		return true;
	case PARAM_STRING:
		*(char **)p->var = negated ? "no" : value;
		return true;
	case PARAM_UINT:
		*(uint64_t *)p->var = parse_number(value);
		return *value;
	case PARAM_SIZE:
		*(uint64_t *)p->var = param_size(value, NULL);
		return *value;
	case PARAM_FN:
		return !((int (*)(const char *))p->var)(value);
	}
	return false;
}

static const struct param *param_find(const char *name)
{
	const struct param *p;

	for (p = params_start; p < params_end; p++)
		if (!strcmp(p->name, name))
			return p;
	return NULL;
}

static void param_word(char *word)
{
	char *value = strchr(word, '=');
	const struct param *p;
	bool negated = false;

	if (value)
		*value++ = '\0';
	else
		value = word + strlen(word);
	p = param_find(word);
	if (!p && !strncmp(word, "no-", 3)) {
		p = param_find(word + 3);
		negated = true;
	}
	if (!p)
		printk(LOG_WARNING, "unknown option \"%s\"\n", word);
	else if (!param_set(p, value, negated))
		printk(LOG_WARNING, "option \"%s\": \"%s\" makes no sense\n", word, value);
}

/* Options point into `words`, which is never changed afterwards. */
void param_parse(const char *cmdline)
{
	char *at = words, *word;

	strlcpy(line, cmdline, sizeof(line));
	memcpy(words, line, sizeof(words));
	for (;;) {
		while (*at == ' ')
			at++;
		if (!*at)
			return;
		for (word = at; *at && *at != ' '; at++)
			;
		if (*at)
			*at++ = '\0';
		param_word(word);
	}
}
