/* SPDX-License-Identifier: MIT */
/* The shell's verbs for whoever looks into the hypervisor itself. */
#pragma once

#include "dom0/error.h"

/* As xl's: each letter as if typed to the hypervisor; what it answers goes to its log. */
int verb_debug_keys(char **words, unsigned int count, struct error *error);
/* Which of the hypervisor's locks were waited for since it started, or since `lockprof -r`. */
int verb_lockprof(char **words, unsigned int count, struct error *error);
