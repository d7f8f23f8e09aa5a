/* SPDX-License-Identifier: MIT */
/* The console: the shared ring of a domU, console_io for dom0 and before the ring is up. */
#pragma once

#include <stdarg.h>

#include "guest/types.h"

/*
 * Output before console_start goes to Xen's own console (which shows it for dom0, and for others
 * where guest_loglvl lets it). "\n" becomes "\r\n" on the ring. Output blocks while the ring is full
 * and a thread writes; a handler's or a crash's output is dropped there after a moment instead, so
 * that a console daemon that is gone cannot stop the domain.
 */
void console_write(const char *text, size_t len);

/* Formatted with lib's str_vformat, cut at 255 characters. Any context. */
void console_print(const char *fmt, ...) PRINTF(1, 2);
void console_vprint(const char *fmt, va_list args);

/*
 * Input. In canonical mode (default) lines are edited (backspace, ^U, ^W), echoed, and delivered on
 * return; ^D on an empty line is end of file; ^C raises SIGINT where libc has a handler, and is
 * delivered as a byte otherwise. Raw mode delivers each byte.
 */
#define CONSOLE_CANON	(1u << 0)
#define CONSOLE_ECHO	(1u << 1)
#define CONSOLE_CRLF	(1u << 2)	/* "\n" to "\r\n" on output, "\r" to "\n" on input */
#define CONSOLE_ISIG	(1u << 3)

void console_set_mode(unsigned int flags);
unsigned int console_mode(void);

/* Sleeps until there is something: 1..size bytes, 0 at end of file; -EAGAIN if !block and nothing. */
ssize_t console_read(void *buf, size_t size, bool block);
size_t console_readable(void);

struct wait_queue;
struct wait_queue *console_input_queue(void);

/* For whoever speaks with the console's other end (dom0's shell): bytes as if typed. */
void console_input(const char *text, size_t len);
