/* SPDX-License-Identifier: MIT */
/* The console of last resort: log ring, serial line, and what a guest prints to it. */
#pragma once

#include "types.h"

enum log_level { LOG_ERR = 0, LOG_WARNING = 1, LOG_INFO = 2, LOG_DEBUG = 3 };

/* One line, lib's str_format syntax, with or without its end. The level decides what `loglvl=` lets
 * through to the line; the ring keeps all. */
void printk(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* About a guest's doing: `guest_loglvl=`, rate-limited, prefixed with the current domain and vcpu
 * ("d1v0: "). */
void gprintk(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Registers, backtrace with symbols, then stop or reboot (noreboot). */
__attribute__((noreturn, format(printf, 1, 2))) void panic(const char *fmt, ...);

#define BUG_ON(c)                                                        \
	do {                                                             \
		if (unlikely(c))                                         \
			panic("%s:%d: BUG: %s", __FILE__, __LINE__, #c); \
	} while (0)

void console_put(const char *s, size_t n); /* raw, whatever the levels are */
void console_force(void);                  /* from now on everything is printed: for panic */
void console_init(void);                   /* reads com1=, console=, loglvl=, guest_loglvl= */
void console_input(char c); /* from the UART's interrupt or poll; Ctrl-A three times changes who
			       reads; to dom0 by VIRQ_CONSOLE */
long do_console_io(unsigned cmd, unsigned count, char *buffer);
/* Copy of the log for sysctl readconsole: from *index (0: the oldest kept); returns bytes, advances
 * *index. */
size_t console_read_log(char *buf, size_t size, uint32_t *index);
void console_clear_log(uint32_t index); /* all before it */
void console_key(char c);               /* what a key shows when the input is the hypervisor's */

/* x86/uart.c: 16550 on COM1 by I/O ports; divisor and format of com1=115200,8n1. */
void uart_init(const char *com1);
void uart_putc(char c);
void uart_enable_irq(void);

/* x86/symbols.c: "name+0x1f"; static buffer per call site is the caller's. */
void symbol_format(char *buf, size_t size, unsigned long pc);
void backtrace(unsigned long rsp, unsigned long rip);
