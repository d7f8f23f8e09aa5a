/* SPDX-License-Identifier: MIT */
/* The syntax of xl.cfg(5): a file of assignments to a list of keys and values. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "dom0/error.h"

/*
 * A value is a string or a list. Numbers are kept as the text they were written as, for what is a
 * number and what a string is decided by the key: xl takes memory = "64" and name = 5, too.
 */
struct value {
	struct value *next; /* in the list that it is part of */
	unsigned int line;
	bool is_list;
	struct value *items; /* of a list; NULL if empty */
	char text[];         /* of a string, NUL-terminated, without quotes and escapes */
};

struct setting {
	struct setting *next; /* in the order of the file */
	unsigned int line;
	struct value *value;
	char key[];
};

/* How deep lists may lie in lists. */
#define SYNTAX_DEPTH_MAX 8

/*
 * Parse `len` bytes. On success *settings is a list that the caller frees with syntax_free. Else
 * -EINVAL or -ENOMEM, with "FILE:LINE: what is wrong: how to mend" in *error. A key that is
 * assigned twice is an error; `+=` appends to a string or a list, or begins one.
 */
int syntax_parse(const char *text, size_t len, const char *file, struct setting **settings,
		 struct error *error);
void syntax_free(struct setting *settings);
