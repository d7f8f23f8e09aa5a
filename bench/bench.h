/* SPDX-License-Identifier: MIT */
/*
 * The benchmark: tables of rows, one operation each. main.c runs them and prints what they cost;
 * the image stands on the ABI tests' kit and knows nothing of the hypervisor below it.
 */
#pragma once

#include "tests/abi/kit/kit.h"

/*
 * A sample is before(), op() between two readings of the time-stamp counter, done(), after(). The
 * cost of an empty op is subtracted. A row counts only if done() is true after every sample.
 */
struct row {
	const char *name;
	void (*op)(void);
	bool (*done)(void);		/* did it take effect? */
	void (*before)(void), (*after)(void);
	void (*begin)(void), (*end)(void); /* once, around all samples */
	unsigned int per;		/* operations in a sample; 0 is 1 */
	unsigned int samples;		/* 0 is SAMPLES */
	unsigned int target;		/* instructions at most, probe included; 0 is none */
};

#define SAMPLES     1000
#define SAMPLES_FEW 40 /* for operations of a hundred thousand instructions */

struct group {
	const struct row *rows;
	size_t count;
};
#define GROUP(name, ...)                                    \
	static const struct row rows_##name[] = __VA_ARGS__; \
	const struct group group_##name = { rows_##name, ARRAY_SIZE(rows_##name) }

extern const struct group group_call, group_event, group_table, group_pin, group_trap,
	group_emulate, group_grant, group_domain, group_console, group_smp;

/* An op that knows better when it ended says so by this, in ticks; cleared before every sample. */
extern ulong probe_end;
ulong ticks_now(void);

/*
 * call2(sched_op, SCHEDOP_yield, 0): in line, without the register moves of the kit's hypercall_n,
 * which would be measured too. The hypercall page keeps rcx and r11; argument registers may come
 * back changed.
 */
#define call1(name, a)                                                                   \
	({                                                                               \
		ulong call_a = (ulong)(a);                                               \
		long call_ret;                                                           \
		__asm__ volatile("call hypercall_page + %c[at]"                          \
				 : "=a"(call_ret), "+D"(call_a)                          \
				 : [at] "i"(__HYPERVISOR_##name * 32)                    \
				 : "memory");                                            \
		call_ret;                                                                \
	})
#define call2(name, a, b)                                                                \
	({                                                                               \
		ulong call_a = (ulong)(a), call_b = (ulong)(b);                          \
		long call_ret;                                                           \
		__asm__ volatile("call hypercall_page + %c[at]"                          \
				 : "=a"(call_ret), "+D"(call_a), "+S"(call_b)            \
				 : [at] "i"(__HYPERVISOR_##name * 32)                    \
				 : "memory");                                            \
		call_ret;                                                                \
	})
#define call3(name, a, b, c)                                                             \
	({                                                                               \
		ulong call_a = (ulong)(a), call_b = (ulong)(b), call_c = (ulong)(c);     \
		long call_ret;                                                           \
		__asm__ volatile("call hypercall_page + %c[at]"                          \
				 : "=a"(call_ret), "+D"(call_a), "+S"(call_b), "+d"(call_c) \
				 : [at] "i"(__HYPERVISOR_##name * 32)                    \
				 : "memory");                                            \
		call_ret;                                                                \
	})
#define call4(name, a, b, c, d)                                                          \
	({                                                                               \
		ulong call_a = (ulong)(a), call_b = (ulong)(b), call_c = (ulong)(c);     \
		register ulong call_d __asm__("r10") = (ulong)(d);                       \
		long call_ret;                                                           \
		__asm__ volatile("call hypercall_page + %c[at]"                          \
				 : "=a"(call_ret), "+D"(call_a), "+S"(call_b), "+d"(call_c), \
				   "+r"(call_d)                                          \
				 : [at] "i"(__HYPERVISOR_##name * 32)                    \
				 : "memory");                                            \
		call_ret;                                                                \
	})

/* Of the last hypercall that an op made, for its done(). */
extern long result;
bool result_zero(void);

/*
 * --- handlers.S: the least that a handler can do
 * --------------------------------------------------
 */

extern char handle_count[], handle_skip[], handle_map[], handle_upcall[];
/* Traps and upcalls that these handlers saw. */
extern volatile ulong handled;
/* handle_skip adds this to rip; handle_map makes this entry for this address. */
extern ulong skip_bytes, map_address, map_entry;
/* The port whose events handle_upcall takes. */
extern ulong upcall_port;
ulong probe(void (*op)(void));
void op_empty(void);

/* Sends a trap vector to one of them, and back to the kit. */
void vector_set(unsigned int vector, const char *handler);
void vector_reset(unsigned int vector);
/* Upcalls go to handle_upcall and clear this port, until upcall_reset(). */
void upcall_set(unsigned int port);
void upcall_reset(void);

/*
 * --- table.c: two pages that differ, and an address where they come and go
 * ------------------------
 */

#define WINDOW_PAGES 64
extern char page_a[], page_b[], window[];
uint64_t entry_of(const void *page);
/* Maps the window's page n to `entry` and flushes it; ends the benchmark if that is refused. */
void window_set(unsigned int n, uint64_t entry);
