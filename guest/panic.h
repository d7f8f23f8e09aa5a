/* SPDX-License-Identifier: MIT */
/* The end by a bug: message, registers, backtrace with symbols, SHUTDOWN_crash. */
#pragma once

#include "guest/types.h"

NORETURN void panic(const char *fmt, ...) PRINTF(1, 2);

/* A condition of our own code; never of what a peer or the application gave. */
#define ASSERT(condition)      \
	((condition) ? (void)0 \
		     : panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #condition))

/* Masked, and the only vcpu that runs, from here on; for those who print before the end. */
void panic_begin(void);

/* Print the callers found on the stack from `sp` on; `ip` comes first. Both 0: from here. */
void backtrace_print(unsigned long ip, unsigned long sp);
void registers_print(const struct cpu_user_regs *regs);
