/* SPDX-License-Identifier: MIT */
/*
 * Boot options. Each is declared beside the code it steers; what nobody declared is named in a
 * warning.
 */
#pragma once

#include "types.h"

struct param {
	const char *name;
	enum { PARAM_STRING, PARAM_BOOL, PARAM_UINT, PARAM_SIZE, PARAM_FN } kind;
	void *var; /* char * (points into the command line copy), bool, uint64_t, or int (*)(const
		      char *value) */
	const char *help;
};

/*
 * PARAM(noreboot, PARAM_BOOL, &opt_noreboot, "..."): "name", "name=yes|no|1|0|on|off", "no-name"
 * for a bool.
 */
#define PARAM(name_, kind_, var_, help_)                                                       \
	static const struct param param_##name_                                                \
		__attribute__((used, section(".params"), aligned(8))) = { #name_, kind_, var_, \
									  help_ }

void param_parse(const char *cmdline);                /* core/param.c */
const char *param_cmdline(void);                      /* as given, for XENVER_commandline */
uint64_t param_size(const char *s, const char **end); /* 64M, 1G; K without a suffix, as Xen */
