/* SPDX-License-Identifier: MIT */
/* The console of last resort: log ring, serial line, and what a guest prints to it. */
#pragma once

#include "types.h"

enum log_level { LOG_ERR = 0, LOG_WARNING = 1, LOG_INFO = 2, LOG_DEBUG = 3 };

/*
 * One line, in lib's str_format syntax, with or without its end. Goes to the log's ring; `loglvl=`
 * decides whether the serial line shows it.
 */
void printk(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/*
 * About what a guest does: begins with the current domain and vcpu ("d1v0: "), `guest_loglvl=`
 * decides, and limits the rate. What it leaves out is not in the ring either.
 */
void gprintk(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The hypervisor's own end: backtrace with symbols, then reboot, or stop (noreboot). */
__attribute__((noreturn, format(printf, 1, 2))) void panic(const char *fmt, ...);

/* For what no guest can bring about. */
#define BUG_ON(c)                                                        \
	do {                                                             \
		if (unlikely(c))                                         \
			panic("%s:%d: BUG: %s", __FILE__, __LINE__, #c); \
	} while (0)

void console_init(void);                   /* reads com1=, console=, loglvl=, guest_loglvl= */
void console_put(const char *s, size_t n); /* as it is, whatever the levels are */
void console_force(void);                  /* from now on all levels are printed: for panic */
/*
 * From the UART: to dom0 with VIRQ_CONSOLE, or to the hypervisor's keys; Ctrl-A three times changes
 * that.
 */
void console_input(char c);
void console_key(char c); /* as if typed to the hypervisor */
/* The log from *index on (0: the oldest kept): bytes copied; *index goes on behind them. */
size_t console_read_log(char *buf, size_t size, uint32_t *index);
void console_clear_log(uint32_t index); /* forgets what is before it */
long do_console_io(unsigned cmd, unsigned count, char *buffer);

/* x86/uart.c: 16550 on COM1 by I/O ports; divisor and format of com1=115200,8n1. */
void uart_init(const char *com1);
void uart_putc(char c);
void uart_enable_irq(void);

/* x86/symbols.c: "name+0x1f"; static buffer per call site is the caller's. */
void symbol_format(char *buf, size_t size, unsigned long pc);
void backtrace(unsigned long rsp, unsigned long rip);
