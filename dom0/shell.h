/* SPDX-License-Identifier: MIT */
/* dom0's console: xl's verbs, a line at a time. */
#pragma once

/* Carry out one line. Returns 0, or -errno after one line that says why. */
int shell_line(char *line);

/* Read lines for ever. */
__attribute__((noreturn)) void shell_run(void);
