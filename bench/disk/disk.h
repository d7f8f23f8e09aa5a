/* SPDX-License-Identifier: MIT */
/* Reads and writes of the block device, counted. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define DISK_BLOCK 4096U
#define DISK_DEPTH 64U /* at most in flight */
#define DISK_SIZE  (1UL << 20)

struct disk_job {
	bool random, write;
	size_t size; /* bytes of an operation: DISK_BLOCK where random, else at most DISK_SIZE */
	unsigned int depth; /* operations in flight: 1 where not random */
	unsigned int seconds;
};

/* False: there is none, or no memory. */
bool disk_open(const char *name);
/* False: a job that cannot be, an error, or a block that is not the one asked for. */
bool disk_run(const struct disk_job *job, long long *operations, long long *us);
