/* SPDX-License-Identifier: MIT */
/* The other processors: their start and their end (smp.c). */
#pragma once

void smp_prepare(void); /* blocks for all that ACPI lists; while memory_take gives memory */
void smp_start(void);   /* they run, idle, when it returns; clock and allocators are there */
void smp_stop_others(void); /* for good; from anywhere, an NMI too */
bool smp_stopping(void);    /* an NMI is meant so */
