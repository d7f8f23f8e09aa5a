/* SPDX-License-Identifier: MIT */
/* Reads TZ: a name, an offset, and for daylight saving a second name, its offset and two rules. */
#include "guest/libc/tz.h"

#define HOUR 3600

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Letters, or between < and > also digits and signs. At least 3. */
static bool parse_name(const char **text, char *name)
{
	const char *s = *text;
	bool quoted = *s == '<';
	size_t len = 0;

	for (s += quoted; is_alpha(*s) || (quoted && (is_digit(*s) || *s == '+' || *s == '-'));
	     s++) {
		if (len == TZ_NAME_MAX)
			return false;
		name[len++] = *s;
	}
	if (len < 3 || (quoted && *s++ != '>'))
		return false;
	name[len] = 0;
	*text = s;
	return true;
}

static bool parse_number(const char **text, int least, int most, int *value)
{
	const char *s = *text;
	int n = 0;

	if (!is_digit(*s))
		return false;
	for (; is_digit(*s); s++) {
		n = n * 10 + (*s - '0');
		if (n > most)
			return false;
	}
	*text = s;
	*value = n;
	return n >= least;
}

/* [+-]hh[:mm[:ss]], as seconds. */
static bool parse_time(const char **text, int hours_max, int *seconds)
{
	int sign = **text == '-' ? -1 : 1, hours, minutes = 0, rest = 0;

	if (**text == '+' || **text == '-')
		(*text)++;
	if (!parse_number(text, 0, hours_max, &hours))
		return false;
	if (**text == ':') {
		(*text)++;
		if (!parse_number(text, 0, 59, &minutes))
			return false;
		if (**text == ':') {
			(*text)++;
			if (!parse_number(text, 0, 59, &rest))
				return false;
		}
	}
	*seconds = sign * (hours * HOUR + minutes * 60 + rest);
	return true;
}

/* `.` and a number. */
static bool parse_part(const char **text, int least, int most, int *value)
{
	return *(*text)++ == '.' && parse_number(text, least, most, value);
}

/* ,Mm.w.d or ,Jn or ,n, each with [/time]. */
static bool parse_rule(const char **text, struct tz_rule *rule)
{
	if (*(*text)++ != ',')
		return false;
	*rule = (struct tz_rule){ .kind = 'D', .seconds = 2 * HOUR };
	if (**text == 'M' || **text == 'J')
		rule->kind = *(*text)++;
	if (rule->kind == 'M') {
		if (!parse_number(text, 1, 12, &rule->month) ||
		    !parse_part(text, 1, 5, &rule->week) || !parse_part(text, 0, 6, &rule->day))
			return false;
	} else if (!parse_number(text, rule->kind == 'J', 365, &rule->day)) {
		return false;
	}
	if (**text != '/')
		return true;
	(*text)++;
	return parse_time(text, 167, &rule->seconds);
}

bool tz_parse(const char *text, struct tz *tz)
{
	/* Without rules: second Sunday of March to first Sunday of November, as it is customary. */
	static const struct tz_rule customary[2] = { { 'M', 3, 2, 0, 2 * HOUR },
						     { 'M', 11, 1, 0, 2 * HOUR } };
	int offset;

	*tz = (struct tz){ .rule = { customary[0], customary[1] } };
	if (!parse_name(&text, tz->name[0]) || !parse_time(&text, 24, &offset))
		return false;
	tz->offset[0] = tz->offset[1] = offset;
	if (!*text) {
		__builtin_memcpy(tz->name[1], tz->name[0], sizeof(tz->name[0]));
		return true;
	}
	tz->daylight = true;
	if (!parse_name(&text, tz->name[1]))
		return false;
	tz->offset[1] = offset - HOUR;
	if (*text && *text != ',') {
		if (!parse_time(&text, 24, &offset))
			return false;
		tz->offset[1] = offset;
	}
	if (!*text)
		return true;
	return parse_rule(&text, &tz->rule[0]) && parse_rule(&text, &tz->rule[1]) && !*text;
}
