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

/* shared_info is mapped; until then nothing may touch it. Not mapped: an ordinary page is there. */
void shared_info_map(void);
void shared_info_unmap(void);

/*
 * For a suspend. The builder's page goes to the toolstack, with page numbers where frames were:
 * its frame. Afterwards what came back counts if the domain was `lost`, else all is as before.
 */
mfn_t start_info_give(void);
void start_info_take_back(bool lost);

/*
 * p2m.c: from the builder's list; to how many pages the domain may grow; a new place for the list,
 * with room for so many; the balloon's changes; and telling the toolstack where the list is, which
 * is due again after a suspend.
 */
void p2m_init(void);
uint64_t p2m_limit(void);
void p2m_move(xen_pfn_t *to, uint64_t count);
void p2m_set(pfn_t pfn, mfn_t mfn);
void p2m_publish(void);

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

/*
 * suspend.c's: what Xen keeps for a domain is made again in a new one (`lost`), or found as it was.
 * All with upcalls masked. gnttab_suspend: 0 or -ENOMEM, then nothing has changed.
 */
int gnttab_suspend(void);
void gnttab_resume(bool lost);
void evtchn_resume(void);
void clock_resume(void); /* vcpu_info is placed */
void console_resume(void);

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
