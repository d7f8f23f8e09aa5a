/* SPDX-License-Identifier: MIT */
/* Rows of hypercalls as such, of the scheduler, the timer, and what belongs to one vcpu. */
#include "bench.h"

/* --- nothing at all: the way in and out ------------------------------------------------------- */

static void null_op(void)
{
	result = call2(xen_version, XENVER_version, 0);
}

static bool null_done(void)
{
	return result >> 16 == 4 && result == hypercall(xen_version, XENVER_version);
}

/* Beyond the hypercall page: the instruction itself, with a number that nobody will ever define. */
static void unknown_op(void)
{
	long number = 100000;

	__asm__ volatile("syscall" : "+a"(number) : : "rcx", "r11", "memory");
	result = number;
}

static bool unknown_done(void)
{
	return result == -XEN_ENOSYS;
}

#define BATCH 64
static struct multicall_entry batch[BATCH];

static void multicall_before(void)
{
	for (unsigned int i = 0; i < BATCH; i++)
		batch[i] = (struct multicall_entry){ .op = __HYPERVISOR_xen_version, .result = 1 };
}

static void multicall_op(void)
{
	result = call2(multicall, batch, BATCH);
}

static bool multicall_done(void)
{
	for (unsigned int i = 0; i < BATCH; i++)
		if (batch[i].result >> 16 != 4)
			return false;
	return !result;
}

/*
 * --- scheduler and timer ------------------------------------------------------------------------
 */

static void yield_op(void)
{
	result = call2(sched_op, SCHEDOP_yield, 0);
}

static unsigned int timer_port;
static uint64_t timer_at;

static void timer_begin(void)
{
	timer_port = event_virq(VIRQ_TIMER);
}

static void timer_before(void)
{
	timer_at = time_now() + 1000 * MS;
}

static void timer_op(void)
{
	result = call1(set_timer_op, timer_at);
}

static void timer_cancel_op(void)
{
	result = call1(set_timer_op, 0);
}

static bool timer_fires(unsigned int ms)
{
	return wait_for(event_pending(timer_port), ms);
}

/*
 * Of the last sample, whether it holds what it promised: a timer fires, a cancelled one does not.
 */
static void timer_end(void)
{
	event_clear(timer_port);
	hypercall(set_timer_op, time_now() + MS);
	if (!timer_fires(1000))
		error("the timer does not fire");
	event_close(timer_port);
}

static void timer_cancel_before(void)
{
	hypercall(set_timer_op, time_now() + 1000 * MS);
}

static void timer_cancel_end(void)
{
	do { /* again where the machine was away so long that the timer could fire */
		timer_at = time_now() + 2 * MS;
		event_clear(timer_port);
		hypercall(set_timer_op, timer_at);
		hypercall(set_timer_op, 0);
	} while (time_now() >= timer_at);
	if (timer_fires(5))
		error("a cancelled timer fires");
	event_close(timer_port);
}

static volatile uint64_t time_last, time_read;

static void time_op(void)
{
	time_read = time_now();
}

static bool time_done(void)
{
	bool later = time_read > time_last;

	time_last = time_read;
	return later;
}

/*
 * --- what a vcpu has of its own
 * -------------------------------------------------------------------
 */

static char stack[2][1024] ALIGNED(16);
static char *stack_used = stack[0];
static ulong stack_top, stack_seen;

static void stack_before(void)
{
	stack_used = stack_used == stack[0] ? stack[1] : stack[0];
	stack_top = (ulong)stack_used + sizeof(stack[0]);
}

static void stack_op(void)
{
	result = call2(stack_switch, FLAT_KERNEL_SS64, stack_top);
}

static bool stack_look(struct cpu_user_regs *regs)
{
	stack_seen = (ulong)regs;
	return false;
}

static void user_code(void)
{
	user_syscall(0);
}

/* Where a syscall of user mode arrives, by a way that sets no stack itself. */
static bool stack_done(void)
{
	struct iret_context context;

	user_context(&context, user_code);
	trap_hook = stack_look;
	user_enter(&context);
	trap_hook = NULL;
	events_off(); /* as they were before the flags of user mode */
	return !result && stack_seen >= (ulong)stack_used && stack_seen < stack_top;
}

static void stack_begin(void)
{
	if (mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of((void *)start_info->pt_base), 0))
		error("no user page tables");
}

static ulong segment[2] = { 0x1111, 0x2222 };
static ulong *segment_used = segment;

static void segment_before(void)
{
	segment_used = segment_used == segment ? segment + 1 : segment;
}

static void segment_op(void)
{
	result = call2(set_segment_base, SEGBASE_FS, segment_used);
}

static bool segment_done(void)
{
	ulong value;

	__asm__ volatile("mov %%fs:0, %0" : "=r"(value));
	return !result && value == *segment_used;
}

static void taskswitch_op(void)
{
	result = call1(fpu_taskswitch, 1);
}

static bool taskswitch_done(void)
{
	return !result && attempt("fnop") == TRAP_nm && attempt("fnop") == TRAP_NONE;
}

/*
 * --- the console: bench/run counts the lines that arrive
 * -------------------------------------------
 */

static void console_op(void)
{
	static const char line[64] =
		"console line of 64 bytes .....................................\n";

	result = call3(console_io, CONSOLEIO_write, sizeof(line), line);
}

GROUP(console, {
		       { "console write, 64 bytes", .op = console_op, .done = result_zero,
			 .samples = SAMPLES_FEW },
	       });

GROUP(call, {
	{ "null hypercall", .op = null_op, .done = null_done, .target = 64 },
	{ "unknown number", .op = unknown_op, .done = unknown_done, .target = 50 },
	{ "multicall of 64, each", .op = multicall_op, .done = multicall_done,
	  .before = multicall_before, .per = BATCH, .target = 30 },
	{ "yield, nobody waiting", .op = yield_op, .done = result_zero, .target = 150 },
	{ "set_timer_op", .op = timer_op, .done = result_zero, .before = timer_before,
	  .begin = timer_begin, .end = timer_end, .target = 150 },
	{ "set_timer_op, cancel", .op = timer_cancel_op, .done = result_zero,
	  .before = timer_cancel_before, .begin = timer_begin, .end = timer_cancel_end },
	{ "time, read without a hypercall", .op = time_op, .done = time_done },
	{ "stack_switch", .op = stack_op, .done = stack_done, .before = stack_before,
	  .begin = stack_begin, .target = 60 },
	{ "set_segment_base", .op = segment_op, .done = segment_done, .before = segment_before,
	  .target = 70 },
	{ "fpu_taskswitch", .op = taskswitch_op, .done = taskswitch_done },
});
