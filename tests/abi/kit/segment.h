/* SPDX-License-Identifier: MIT */
/* What the bases of fs and gs are, by the words that lie there. */
#pragma once

#include "kit.h"

static inline ulong read_fs(void)
{
	ulong value;

	__asm__ volatile("mov %%fs:0, %0" : "=r"(value));
	return value;
}

static inline ulong read_gs(void)
{
	ulong value;

	__asm__ volatile("mov %%gs:0, %0" : "=r"(value));
	return value;
}

/* For user_run. */
static inline void user_reads_gs(void)
{
	user_syscall(read_gs());
}
