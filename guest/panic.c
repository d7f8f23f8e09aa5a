/* SPDX-License-Identifier: MIT */
/* Panic, registers and backtrace. */
#include "guest/console.h"
#include "guest/cpu.h"
#include "guest/irq.h"
#include "guest/panic.h"
#include "guest/shutdown.h"
#include "guest/start.h"
#include "lib/symbols.h"

#define FRAMES_MAX      24
#define CALL_WORDS      (2 * sizeof(unsigned long)) /* saved rbp, if any, and return address */
#define STACK_WORDS_MAX 1024                        /* of it searched for return addresses */

void registers_print(const struct cpu_user_regs *r)
{
	const struct thread *thread = thread_current();

	console_print("thread %s  rip %016lx  rflags %08lx  rsp %016lx\n",
		      thread ? thread->name : "-", r->rip, r->rflags, r->rsp);
	console_print("rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx\n", r->rax, r->rbx, r->rcx,
		      r->rdx);
	console_print("rsi %016lx  rdi %016lx  rbp %016lx  r8  %016lx\n", r->rsi, r->rdi, r->rbp,
		      r->r8);
	console_print("r9  %016lx  r10 %016lx  r11 %016lx  r12 %016lx\n", r->r9, r->r10, r->r11,
		      r->r12);
	console_print("r13 %016lx  r14 %016lx  r15 %016lx\n", r->r13, r->r14, r->r15);
}

static void frame_print(unsigned long address)
{
	uint64_t offset;
	const char *name = symbol_find(address, &offset);

	if (name)
		console_print("  %016lx %s+%#lx\n", address, name, offset);
	else
		console_print("  %016lx\n", address);
}

static bool in_text(unsigned long address)
{
	return address >= (unsigned long)text_start && address < (unsigned long)text_end;
}

/*
 * A return address has a call before it: E8 rel32, or FF /2 of two to seven bytes. That sorts out
 * most of the stale words.
 */
static bool follows_call(unsigned long address)
{
	const uint8_t *code = (const uint8_t *)address;
	unsigned int back;

	if (address < (unsigned long)text_start + 7)
		return false;
	if (code[-5] == 0xe8)
		return true;
	for (back = 2; back <= 7; back++)
		if (code[-(int)back] == 0xff && (code[1 - (int)back] & 0x38) == 0x10)
			return true;
	return false;
}

/*
 * Code is compiled without frame pointers, so the stack is searched for return addresses; a stale
 * one may be among them. The end of the stack is the thread's; without a thread that of the page.
 */
void backtrace_print(unsigned long ip, unsigned long sp)
{
	const struct thread *thread = thread_current();
	unsigned long end, *word;
	unsigned int frames = 0;

	if (!sp) {
		sp = (unsigned long)__builtin_frame_address(0) + CALL_WORDS;
		ip = (unsigned long)__builtin_return_address(0);
	}
	sp = ROUND_DOWN(sp, sizeof(*word));
	end = ROUND_UP(sp + 1, PAGE_SIZE);
	if (thread && sp >= (unsigned long)thread->stack &&
	    sp < (unsigned long)thread->stack + thread->stack_size)
		end = (unsigned long)thread->stack + thread->stack_size;
	end = MIN(end, sp + STACK_WORDS_MAX * sizeof(*word));
	console_print("backtrace:\n");
	frame_print(ip);
	for (word = (unsigned long *)sp; word < (unsigned long *)end && frames < FRAMES_MAX; word++)
		if (in_text(*word) && follows_call(*word)) {
			frame_print(*word);
			frames++;
		}
}

/*
 * The others stand still from here on, and whatever locks they hold with them: so this vcpu takes
 * none any more (guest/spinlock.c). Of two that panic at once the second one ends in the first
 * one's halt, or, if it is the same again, in the crash.
 */
void panic_begin(void)
{
	static unsigned int panicking; /* vcpu + 1 */
	unsigned int nobody = 0;

	irq_mask();
	if (!__atomic_compare_exchange_n(&panicking, &nobody, this_vcpu() + 1, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		while (nobody != this_vcpu() + 1)
			cpu_relax();
		shutdown_crash();
	}
	spin_give_up();
	vcpu_halt_others();
}

void panic(const char *fmt, ...)
{
	va_list args;

	panic_begin();
	console_print("\n*** panic: ");
	va_start(args, fmt);
	console_vprint(fmt, args);
	va_end(args);
	console_print(" ***\n");
	backtrace_print((unsigned long)__builtin_return_address(0),
			(unsigned long)__builtin_frame_address(0) + CALL_WORDS);
	shutdown_crash();
}
