/* SPDX-License-Identifier: MIT */
/* Rule: an iret to what cannot be is a #GP of its target; from a frame it cannot read, a crash. */
#include "../kit/kit.h"

static void bad_iret(ulong cs, ulong ss, ulong rip)
{
	struct iret_context context = { .rip = rip, .cs = cs, .ss = ss, .rflags = 0x202 };

	hypercall(stack_switch, FLAT_KERNEL_SS64, (ulong)page_alloc() + PAGE_SIZE);
	mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of((void *)start_info->pt_base), 0);
	user_enter(&context);
}

static bool record(struct cpu_user_regs *regs)
{
	box.value[0] = regs->entry_vector;
	box.value[1] = regs->cs;
	test_end();
}

static void bad_cs(void)
{
	trap_hook = record;
	bad_iret(0x8003, FLAT_KERNEL_SS64, (ulong)image_start);
}

static void bad_ss(void)
{
	trap_hook = record;
	bad_iret(FLAT_USER_CS64, 0x8003, (ulong)image_start);
}

static void bad_rip(void)
{
	trap_hook = record;
	bad_iret(FLAT_USER_CS64 | 3, FLAT_USER_SS64 | 3, VA_NONCANONICAL);
}

/* No user tables: the domain cannot go to user mode. */
static void no_user(void)
{
	struct iret_context context;

	trap_hook = record;
	user_context(&context, no_user);
	user_enter(&context);
}

static void bad_frame(void)
{
	__asm__ volatile("mov %0, %%rsp\n\tmov $23, %%eax\n\tsyscall" : : "r"(VA_UNMAPPED));
}

static void bad_frame_address(void)
{
	__asm__ volatile("mov %0, %%rsp\n\tmov $23, %%eax\n\tsyscall" : : "r"(VA_NONCANONICAL));
}

static void hypervisor_frame(void)
{
	__asm__ volatile("mov %0, %%rsp\n\tmov $23, %%eax\n\tsyscall" : : "r"(VA_HYPERVISOR));
}

TEST
{
	static const struct {
		const char *what;
		void (*code)(void);
		long reason, vector, cs;
	} cases[] = {
		{ "bad code selector", bad_cs, SHUTDOWN_reboot, TRAP_gp, 0x8003 },
		{ "bad stack selector", bad_ss, SHUTDOWN_reboot, TRAP_gp, FLAT_USER_CS64 },
		{ "non-canonical address", bad_rip, SHUTDOWN_reboot, TRAP_gp, FLAT_USER_CS64 | 3 },
		{ "user mode without user tables", no_user, SHUTDOWN_crash, 0, 0 },
		{ "frame that is not mapped", bad_frame, SHUTDOWN_crash, 0, 0 },
		{ "frame that is not canonical", bad_frame_address, SHUTDOWN_crash, 0, 0 },
		{ "frame in the hypervisor", hypervisor_frame, SHUTDOWN_crash, 0, 0 },
	};
	static struct peer peer[ARRAY_SIZE(cases)];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		peer_start(&peer[i], 1, cases[i].code);
		check(cases[i].what, peer_wait(&peer[i], 5000), cases[i].reason);
		check("vector", peer[i].box->value[0], cases[i].vector);
		check("cs", peer[i].box->value[1], cases[i].cs);
		check("destroy", peer_destroy(&peer[i]), 0);
	}
}
