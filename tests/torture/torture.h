/* SPDX-License-Identifier: MIT */
/*
 * The torture image: an unprivileged domain that does at random what a hostile one could do on
 * purpose. All of it follows from one seed. What it breaks in itself it mends where it can; where
 * it cannot, its domain ends, which is no failure: the hypervisor, dom0 and the neighbours are
 * what must not notice. It stands on the kit of the ABI tests.
 */
#pragma once

#include "../abi/kit/kit.h"

/* --- random.c: numbers, and values that a hypervisor must survive ------------------------------
 */

void random_seed(uint64_t seed);
uint64_t random_next(void);
unsigned int random_below(unsigned int n); /* n > 0 */
bool one_in(unsigned int n);
#define pick(array) ((array)[random_below(ARRAY_SIZE(array))])

uint64_t wild_number(void); /* small, at a power of two, or anything */
ulong wild_frame(void);     /* own, a table's, the hypervisor's, another's, of no memory */
domid_t wild_domain(void);
uint64_t wild_entry(void); /* of a page table */
/*
 * Where `size` bytes may or may not lie: in the arena (often at its end, which a hole follows), in
 * read-only, unmapped, the hypervisor's or no memory. Nothing that the image itself needs.
 */
void *wild_pointer(size_t size);
void wild_fill(void *to, size_t size); /* words, halves and addresses side by side */

#define ARENA_PAGES 6
extern char arena[ARENA_PAGES + 1][PAGE_SIZE]; /* the last one is not mapped */
void arena_init(void);
bool arena_mend(ulong va); /* after a page fault there: true if it can go on */

/* --- what is done at random; each call is one step --------------------------------------- */

extern ulong steps;
void finish(const char *why) NORETURN; /* main.c: says how far it came, and ends the domain */
void call_step(void);                  /* calls.c: any hypercall */
void hypercall_record(ulong nr, ulong a, ulong b, ulong c, ulong d, ulong e);
void tables_init(void); /* tables.c: page tables of its own, edited and used */
void tables_step(void);
void share_init(void); /* share.c: grants and event channels */
void share_step(void);
extern bool watchpoints; /* data breakpoints too: QEMU 7.2 may crash of them, so only if asked */
void code_init(void);    /* code.c: instructions, register frames, a second vcpu */
void code_step(void);
/* Trap table, callbacks, stack and masked upcalls, as the kit set them. */
void callbacks_restore(void);

/* --- ring.c: the console's and the store's rings ------------------------------------------ */

void ring_init(void);
void say(const char *fmt, ...) PRINTF(1, 2); /* a line on the domain's console */
/* 0 or -errno of the store's answer, of which up to size - 1 bytes are kept. */
int store_call(unsigned int type, const char *payload, size_t len, char *answer, size_t size);
int store_write(const char *path, const char *fmt, ...) PRINTF(2, 3);
void ring_ruin(void); /* random indexes and bytes in both: nobody answers any more */

/* front.c: a frontend that keeps no protocol, for so many connections. */
void front_run(ulong rounds);
