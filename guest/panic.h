/* SPDX-License-Identifier: MIT */
/* The end by a bug: message, registers, backtrace with symbols, SHUTDOWN_crash. */
#pragma once

#include "guest/types.h"

NORETURN void panic(const char *fmt, ...) PRINTF(1, 2);

/* A condition of our own code; never of what a peer or the application gave. */
#define ASSERT(condition) \
	((condition) ? (void)0 : panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #condition))

/* Print the callers found on the stack from `sp` on; `ip` comes first. Both 0: from here. */
void backtrace_print(unsigned long ip, unsigned long sp);
void registers_print(const struct cpu_user_regs *regs);

/*
 * The function around an address; NULL if it is not in the text. *offset: bytes from its start.
 * The table comes from the build: the text symbols by address, offset from the start of the text.
 */
struct symbol {
	uint32_t offset;
	uint32_t name;		/* offset into symbol_names */
};

extern const uint32_t symbol_count WEAK;
extern const struct symbol symbol_offsets[] WEAK;
extern const char symbol_names[] WEAK;

const char *symbol_find(unsigned long address, unsigned long *offset);

