/* SPDX-License-Identifier: MIT */
/*
 * What the start consists of, in its order, and what its parts know of each other. Not for
 * drivers.
 */
#pragma once

#include "guest/init.h"
#include "guest/types.h"

/* Of the linker script. */
extern char image_start[], image_end[], text_start[], text_end[], rodata_start[], rodata_end[];
extern char data_start[];

/* traps.c: handlers for every exception, the entry for upcalls. */
void traps_init(void);
void traps_fill(struct trap_info *table);

/* shared_info is mapped; until then nothing may touch it. */
void shared_info_init(void);

/*
 * linear.c: map all pseudo-physical memory at VIRT_BASE. Returns the first page that nothing
 * uses; from there to the end all is free. Afterwards: rights of the image's sections, data not
 * executable.
 */
pfn_t linear_init(void);
void linear_protect(pfn_t first_free);

void page_init(pfn_t first_free);
void vmap_init(void);

void evtchn_init(void);
void timers_init(void);

void initcalls_run(enum init_level level);

/* evtchn.c: serve what is pending, masked; the second also gives the processor away if asked. */
void upcall_run(void);
void upcall_run_preempt(void);

/* thread.c: where a new thread begins. */
NORETURN void thread_main(void);

/* libc: constructors, main, exit. */
NORETURN void libc_start(void);

/* Memory below this is the heap's: libc's sbrk. */
extern uintptr_t heap_base, heap_limit;
