/* SPDX-License-Identifier: MIT */
/* Rule: traps from user mode use the stack of the last stack_switch, aligned to 16 bytes. */
/* as: dom0, domU */
#include "../kit/kit.h"

static bool frame_seen;
static ulong frame_end;

static bool note(struct cpu_user_regs *regs)
{
	frame_seen = true;
	frame_end = (ulong)(&regs->ss + 4);
	return false;
}

static void user_traps(void)
{
	__asm__ volatile("ud2");
}

static long enter(char *stack)
{
	struct iret_context context;
	long err = hypercall(stack_switch, FLAT_KERNEL_SS64, stack);

	user_context(&context, user_traps);
	user_enter(&context);
	return err;
}

TEST
{
	char *a = page_alloc(), *b = page_alloc();

	user_run(user_traps, 0, 0);
	trap_hook = note;
	check("stack_switch", enter(a + PAGE_SIZE), 0);
	check("the frame ends there", frame_end == (ulong)a + PAGE_SIZE, 1);
	check("another", enter(b + 2048), 0);
	check("the frame ends there", frame_end == (ulong)b + 2048, 1);
	check("one that is not aligned", enter(b + 2048 + 9), 0);
	check("the frame ends below it", frame_end == (ulong)b + 2048, 1);
	check("a selector of ring 0 is made one of ring 3",
	      hypercall(stack_switch, FLAT_KERNEL_SS64 & ~3, a + PAGE_SIZE), 0);
	check("a bad selector is not looked at before use",
	      hypercall(stack_switch, 0x8888, a + PAGE_SIZE), 0);
}
