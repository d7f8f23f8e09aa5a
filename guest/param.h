/* SPDX-License-Identifier: MIT */
/* The command line: parameters of the library OS, environment and arguments of the application. */
#pragma once

#include "guest/types.h"

/*
 * The command line (xl.cfg: extra=, root= and so on; start_info.cmd_line) is cut into words at
 * blanks. Within "double" or 'single' quotes blanks do not cut; the quotes go. Each word is one of:
 *
 *	1. name=value, where a part that is linked into the image declared PARAM(name, ...): a
 *	   parameter, for param_get. It may be given several times, for param_next.
 *	2. NAME=value, where NAME consists of capital letters, digits and "_", and does not
 *	   begin with a digit: the environment of the application (TZ=UTC).
 *	3. any other word: the next argument of main (argv[1] and on), in order: also a lone name
 *	   without "=", and lower=case.
 *	4. "--": this word vanishes, all words after it are arguments, whatever they look like.
 *
 * argv[0] is the image's name. At most PARAM_WORDS words; more are reported and dropped.
 */
#define PARAM_WORDS 64

struct param {
	const char *name;
	const char *help; /* one line: the form of the value, and what it does */
};

#define PARAM(ident, text)                      \
	static const struct param param_##ident \
		__attribute__((section(".param." #ident), used, aligned(8))) = { #ident, text }

/* The value of a declared parameter, the last one given; NULL if it was not given. */
const char *param_get(const char *name);

/*
 * The value as a number from 1 to max; `otherwise` if it was not given, or is none, which is told.
 */
unsigned int param_number(const char *name, unsigned int otherwise, unsigned int max);

/* The values one after the other: pass NULL first, then what came; NULL at the end. */
const char *param_next(const char *name, const char *last);

/* For the start of libc: NULL-terminated. */
extern int param_argc;
extern char *param_argv[];
extern char *param_envp[];

/* From early start on. `line` is cut into pieces and must stay. */
void param_parse(char *line);
