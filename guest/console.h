/* SPDX-License-Identifier: MIT */
/* The console: the shared ring of a domU, console_io for dom0 and before the ring is up. */
#pragma once

#include <stdarg.h>

#include "guest/types.h"

/*
 * Output before console_start goes to Xen's own console (which shows it for dom0, and for others
 * where guest_loglvl lets it). While the ring is full a thread that writes sleeps, but no longer
 * than CONSOLE_STALL without any progress: then output is dropped, so that a console daemon that
 * is gone does not stop the domain. What is written with upcalls masked is dropped at once.
 */
#define CONSOLE_STALL (2 * NS_PER_S)

void console_write(const char *text, size_t len);

/* Sleep until the other end has taken everything, at most CONSOLE_STALL. */
void console_flush(void);

/* Formatted with lib's str_vformat, cut at 255 characters. Any context. */
void console_print(const char *fmt, ...) PRINTF(1, 2);
void console_vprint(const char *fmt, va_list args);

/*
 * Input. In canonical mode lines are edited (backspace, ^U, ^W) and delivered on return; ^D on an
 * empty line is end of file. Otherwise each byte is delivered as it comes. All four are set at
 * first.
 */
#define CONSOLE_CANON (1u << 0)
#define CONSOLE_ECHO  (1u << 1)
#define CONSOLE_ONLCR (1u << 2) /* "\n" becomes "\r\n" on output */
#define CONSOLE_ICRNL (1u << 3) /* "\r" becomes "\n" on input */

void console_set_mode(unsigned int flags);
unsigned int console_mode(void);

/*
 * Sleeps until there is something: 1..size bytes, 0 at end of file; -EAGAIN if !block and
 * nothing.
 */
ssize_t console_read(void *buf, size_t size, bool block);
size_t console_readable(void);

/* Woken when console_readable becomes true. */
struct wait_queue;
struct wait_queue *console_input_queue(void);

/* Between console.c and console_input.c: bytes as they were typed. Masked. */
void console_input(const char *bytes, size_t len);

/* From here on every read finds the end of file, so that whoever waits for input can end. */
void console_input_close(void);
