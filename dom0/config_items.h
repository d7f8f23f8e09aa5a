/* SPDX-License-Identifier: MIT */
/* Between the parts of the configuration's reader: where messages go, what several parts need. */
#pragma once

#include "dom0/config.h"
#include "dom0/syntax.h"

struct reader {
	struct domain_config *config;
	const char *file;
	void (*notice)(const char *line); /* may be NULL */
	struct error *error;
};

/* The error of a line; returns -EINVAL. */
int reader_error(struct reader *r, unsigned int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A notice about a line: what is accepted for xl's sake, but does nothing here. */
void reader_notice(struct reader *r, unsigned int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Copy a text that must fit; `what` names it in the error. */
int reader_copy(struct reader *r, unsigned int line, const char *what, char *out, size_t size,
		const char *text, size_t len);

/*
 * The next part of a text of parts with `between` between them, blanks around it cut off. Returns
 * NULL when there is none left. *at begins at the text and moves on.
 */
const char *next_part(const char **at, char between, size_t *len);

/* True if the part is this word, in any case. */
bool part_is(const char *part, size_t len, const char *word);

/* One assignment; 0 or -EINVAL. */
int read_setting(struct reader *r, const struct setting *setting);

/* A whole number, not below min nor above max. 0 or -EINVAL. */
int reader_number(struct reader *r, const struct setting *s, unsigned long min, unsigned long max,
		  uint32_t *number);

/* config_sched.c: keys, and what they say together. 0 or -EINVAL. */
int set_cpu_weight(struct reader *r, const struct setting *s);
int set_cap(struct reader *r, const struct setting *s);
int set_period(struct reader *r, const struct setting *s);
int set_budget(struct reader *r, const struct setting *s);
int set_extratime(struct reader *r, const struct setting *s);
int set_cpus(struct reader *r, const struct setting *s);
int set_cpus_soft(struct reader *r, const struct setting *s);
int check_sched(struct reader *r);

/* One item of vif= and of disk=. 0 or -EINVAL. */
int read_vif(struct reader *r, const struct value *item);
int read_disk(struct reader *r, const struct value *item);
