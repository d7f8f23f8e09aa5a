/* SPDX-License-Identifier: MIT */
/* The command line, cut into parameters, environment and arguments. */
#include "guest/console.h"
#include "guest/init.h"
#include "guest/param.h"
#include "lib/string.h"

extern const struct param params_start[], params_end[];

/* Constant after the start. */
static char *values[PARAM_WORDS]; /* "name=value" of declared parameters */
static unsigned int value_count, env_count;

int param_argc = 1;
char *param_argv[PARAM_WORDS + 2];
char *param_envp[PARAM_WORDS + 1];

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* The next word of *line, unquoted in place and ended by 0; NULL at the end. */
static char *next_word(char **line)
{
	char *in = *line, *out, *word, quote = 0;

	while (is_blank(*in))
		in++;
	if (!*in)
		return NULL;
	word = out = in;
	for (; *in && (quote || !is_blank(*in)); in++) {
		if (quote ? *in == quote : *in == '"' || *in == '\'')
			quote = quote ? 0 : *in;
		else
			*out++ = *in;
	}
	*line = *in ? in + 1 : in;
	*out = 0;
	return word;
}

/* Does the word begin with "name="? Then what follows. */
static const char *value_of(const char *word, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(word, name, len) && word[len] == '=' ? word + len + 1 : NULL;
}

static bool is_declared(const char *word)
{
	const struct param *param;

	for (param = params_start; param < params_end; param++)
		if (value_of(word, param->name))
			return true;
	return false;
}

static bool is_environment(const char *word)
{
	const char *c = word;

	while ((*c >= 'A' && *c <= 'Z') || *c == '_' || (c > word && *c >= '0' && *c <= '9'))
		c++;
	return c > word && *c == '=';
}

void param_parse(char *line)
{
	unsigned int count = 0;
	bool literal = false;
	char *word;

	param_argv[0] = (char *)image_name;
	while ((word = next_word(&line))) {
		if (!literal && !strcmp(word, "--")) {
			literal = true;
			continue;
		}
		if (++count > PARAM_WORDS) {
			console_print("command line: dropped \"%s\": more than %u words\n", word,
				      PARAM_WORDS);
			continue;
		}
		if (!literal && is_declared(word))
			values[value_count++] = word;
		else if (!literal && is_environment(word))
			param_envp[env_count++] = word;
		else
			param_argv[param_argc++] = word;
	}
}

/* Values are told apart by their place in the line, so the same text twice is two values. */
const char *param_next(const char *name, const char *last)
{
	bool found = !last;
	unsigned int i;

	for (i = 0; i < value_count; i++) {
		const char *value = value_of(values[i], name);

		if (value && found)
			return value;
		if (value == last)
			found = true;
	}
	return NULL;
}

const char *param_get(const char *name)
{
	const char *value = NULL, *next = NULL;

	while ((next = param_next(name, next)))
		value = next;
	return value;
}

unsigned int param_number(const char *name, unsigned int otherwise, unsigned int max)
{
	const char *value = param_get(name), *at = value;
	unsigned long number = 0;

	if (!value)
		return otherwise;
	while (*at >= '0' && *at <= '9' && number <= max)
		number = number * 10 + (unsigned long)(*at++ - '0');
	if (!*at && number && number <= max)
		return (unsigned int)number;
	console_print("%s=%s: not a number from 1 to %u\n", name, value, max);
	return otherwise;
}
