/* SPDX-License-Identifier: MIT */
/* A host test's checks: one line each; main returns whether any failed. */
#pragma once

#include <stdio.h>

static int failures;

#define CHECK(name, condition)                                             \
	do {                                                               \
		if (condition) {                                           \
			printf("ok %s\n", name);                           \
		} else {                                                   \
			printf("FAIL %s: %s\n", name, #condition);         \
			failures++;                                        \
		}                                                          \
	} while (0)
