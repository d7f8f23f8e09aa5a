/* SPDX-License-Identifier: MIT */
/* The shell's verb about hypercalls: how many, how long. */
#pragma once

#include "dom0/error.h"

int perf_verb(char **words, unsigned int count, struct error *error);
