/* SPDX-License-Identifier: MIT */
/* A failed condition is printed and counted; the test goes on. From any thread. */
#pragma once

#include <stdio.h>

#define CHECK(condition)                                                               \
	do {                                                                           \
		if (!(condition)) {                                                    \
			printf("  %s:%d: %s\n", __FILE_NAME__, __LINE__, #condition); \
			__atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);            \
		}                                                                      \
	} while (0)

extern unsigned int failures;

/* smp.c */
void test_vcpus(void);
void test_affinity(void);
void test_timers_everywhere(void);
void test_migration(void);
void test_shootdown(void);
void test_restart(void);
void test_online(void);

/* hammer.c */
void test_locks(void);
void test_heap(void);
void test_descriptors(void);
void test_signals(void);
void test_loopback(void);
void test_contention(void);
void test_panic(void);

/* link.c */
void test_link(void);
