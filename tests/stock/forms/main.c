/* SPDX-License-Identifier: MIT */
/*
 * The ways into a PV kernel and back that ordinary programs seldom take: every form of system call,
 * 32-bit code, segments of an LDT, single steps, watched memory, ports, a line `NAME: RESULT` each.
 * The same kernel says the same on any Xen.
 */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <asm/prctl.h>
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define GETPID_32 20   /* in the 32-bit table */
#define LDT_FS    0x0f /* entry 1, ring 3 */
#define LDT_CODE  0x17

static void say(const char *name, const char *result)
{
	printf("%s: %s\n", name, result);
	fflush(stdout);
}

static void say_if(const char *name, int good)
{
	say(name, good ? "ok" : "FAILED");
}

/* --- Signals
 * -------------------------------------------------------------------------------------- */

static sigjmp_buf back;
static volatile int signal_seen, code_seen, steps;
static void *volatile address_seen;

static void jump_back(int sig, siginfo_t *info, void *context)
{
	(void)context;
	signal_seen = sig;
	code_seen = info->si_code;
	address_seen = info->si_addr;
	siglongjmp(back, 1);
}

static void count_step(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
	steps++;
}

static void on_signal(int sig, void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction action = { .sa_sigaction = handler,
				    .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK };

	sigaction(sig, &action, NULL);
}

/* Runs a piece of code that ends in a signal; says which, with its code. */
#define SIGNAL(name, code)                                                                 \
	do {                                                                               \
		char text[64];                                                             \
		signal_seen = code_seen = 0;                                               \
		if (!sigsetjmp(back, 1)) {                                                 \
			code;                                                              \
		}                                                                          \
		snprintf(text, sizeof(text), "signal %d code %d", signal_seen, code_seen); \
		say(name, text);                                                           \
	} while (0)

static void faults(void)
{
	volatile int zero = 0, *nowhere = (int *)0x1230;
	static const int caught[] = { SIGSEGV, SIGFPE, SIGILL, SIGBUS, SIGTRAP };

	for (size_t i = 0; i < sizeof(caught) / sizeof(*caught); i++)
		on_signal(caught[i], jump_back);
	SIGNAL("division by zero", __asm__ volatile("divl %0" : : "m"(zero), "a"(1), "d"(0)));
	SIGNAL("ud2", __asm__ volatile("ud2"));
	SIGNAL("int3", __asm__ volatile("int3"));
	SIGNAL("hlt", __asm__ volatile("hlt"));
	SIGNAL("cli", __asm__ volatile("cli"));
	SIGNAL("write to nowhere", *nowhere = 1);
	say_if("its address", address_seen == (void *)0x1230);
	SIGNAL("read of the kernel", zero = *(volatile int *)0xffffffff81000000);
	SIGNAL("read of the hypervisor", zero = *(volatile int *)0xffff82d080000000);
	SIGNAL("not canonical", zero = *(volatile int *)0x8000000000000000);
	SIGNAL("jump to nowhere", ((void (*)(void))0x1230)());
	SIGNAL("a port", inb(0x80));
	SIGNAL("mov to cr3", __asm__ volatile("mov %0, %%cr3" : : "r"(0UL)));
}

/* Changes what a signal's frame says of where the program goes on: what cannot be is a signal. */
static int bad_register;
static unsigned long long bad_value;

static void spoil(int sig, siginfo_t *info, void *context)
{
	ucontext_t *u = context;

	(void)sig;
	(void)info;
	if (bad_register == REG_CSGSFS)
		u->uc_mcontext.gregs[REG_CSGSFS] =
			(long long)(((unsigned long long)u->uc_mcontext.gregs[REG_CSGSFS] &
				     ~0xffffULL) |
				    bad_value);
	else
		u->uc_mcontext.gregs[bad_register] = (long long)bad_value;
}

static void bad_returns(void)
{
	on_signal(SIGUSR1, spoil);
	bad_register = REG_RIP;
	bad_value = 0x8000000000000000;
	SIGNAL("return to what is not canonical", raise(SIGUSR1));
	bad_value = 0xffffffff81000000;
	SIGNAL("return into the kernel", raise(SIGUSR1));
	bad_register = REG_RSP;
	bad_value = 0x8000000000000000;
	SIGNAL("return to a stack that is not canonical", raise(SIGUSR1));
}

/* --- System calls and 32-bit code
 * ----------------------------------------------------------------- */

static int int80_64(void)
{
	int rax = GETPID_32;

	__asm__ volatile("int $0x80" : "+a"(rax) : : "r8", "r9", "r10", "r11", "memory");
	return rax;
}

/* In the 32-bit code segment `selector`, on a stack that it can address, int 0x80, and back. */
static int int80_32(unsigned long selector, char *stack)
{
	unsigned long rax = selector;

	__asm__ volatile("mov %%rsp, %%r12\n\tmov %1, %%rsp\n\t"
			 "push %0\n\tlea 1f(%%rip), %0\n\tpush %0\n\tlretq\n"
			 ".code32\n1:\tmov $20, %%eax\n\tint $0x80\n\tljmp $0x33, $2f\n"
			 ".code64\n2:\tmov %%r12, %%rsp\n\tmov %%eax, %%eax"
			 : "+a"(rax)
			 : "r"(stack)
			 : "r8", "r9", "r10", "r11", "r12", "memory");
	return (int)rax;
}

static void system_calls(char *low)
{
	say_if("syscall", syscall(SYS_getpid) == getpid());
	say_if("int 0x80 of 64-bit code", int80_64() == getpid());
	say_if("int 0x80 of 32-bit code", int80_32(0x23, low + 4096) == getpid());
}

/* --- Segments
 * ------------------------------------------------------------------------------------- */

static int set_ldt(struct user_desc d)
{
	return (int)syscall(SYS_modify_ldt, 1, &d, sizeof(d));
}

static uint32_t read_fs(void)
{
	uint32_t value;

	__asm__ volatile("movl %%fs:0, %0" : "=r"(value));
	return value;
}

/* The thread's own fs is libc's, so this calls nothing of it meanwhile. */
static int fs_survives(const uint32_t *word)
{
	unsigned long base;
	int good = 1;

	syscall(SYS_arch_prctl, ARCH_GET_FS, &base);
	__asm__ volatile("mov %0, %%fs" : : "r"(LDT_FS));
	for (int i = 0; i < 2000 && good; i++) {
		long rax = SYS_sched_yield;

		good = read_fs() == *word;
		__asm__ volatile("syscall" : "+a"(rax) : : "rcx", "r11", "memory");
	}
	{
		long rax = SYS_arch_prctl;

		__asm__ volatile("syscall"
				 : "+a"(rax)
				 : "D"((long)ARCH_SET_FS), "S"(base)
				 : "rcx", "r11", "memory");
	}
	return good;
}

static void segments(char *low)
{
	uint32_t *word = (uint32_t *)(low + 8192);
	struct user_desc data = { .entry_number = 1,
				  .base_addr = (unsigned)(unsigned long)word,
				  .limit = 3,
				  .seg_32bit = 1,
				  .useable = 1 };
	struct user_desc code = { .entry_number = 2,
				  .limit = 0xfffff,
				  .seg_32bit = 1,
				  .contents = 2,
				  .limit_in_pages = 1,
				  .useable = 1 };
	unsigned long base = 0;
	pid_t other = fork();

	if (!other)
		for (;;)
			sched_yield();
	*word = 0x12345678;
	say_if("a data segment of an LDT", !set_ldt(data));
	say_if("keeps its base, switched away and back", fs_survives(word));
	say_if("a code segment of an LDT", !set_ldt(code));
	say_if("int 0x80 in it", int80_32(LDT_CODE, low + 4096) == getpid());
	data.read_exec_only = data.seg_not_present = 1;
	say_if("the segment goes", !set_ldt(data));
	SIGNAL("and is not there", __asm__ volatile("mov %0, %%es" : : "r"(LDT_FS)));
	say_if("GS base", !syscall(SYS_arch_prctl, ARCH_SET_GS, low) &&
				  !syscall(SYS_arch_prctl, ARCH_GET_GS, &base) &&
				  base == (unsigned long)low);
	*(uint32_t *)low = 77;
	for (int i = 0; i < 1000; i++)
		sched_yield();
	__asm__ volatile("movl %%gs:0, %k0" : "=r"(base));
	say_if("memory by it, switched away and back", base == 77);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
}

/* --- Debugging
 * ------------------------------------------------------------------------------------ */

static void single_steps(void)
{
	char text[32];

	on_signal(SIGTRAP, count_step);
	__asm__ volatile("pushf\n\torl $0x100, (%%rsp)\n\tpopf\n\tnop\n\tnop\n\tcpuid\n\tnop\n\t"
			 "pushf\n\tandl $~0x100, (%%rsp)\n\tpopf"
			 :
			 :
			 : "rax", "rbx", "rcx", "rdx", "cc", "memory");
	snprintf(text, sizeof(text), "%d steps", steps);
	say("the trap flag", text);
}

static volatile long watched;

static void watch(void)
{
	char text[64];
	int status = 0;
	pid_t child = fork();

	if (!child) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		watched = 5;
		_exit(7);
	}
	waitpid(child, &status, 0);
	ptrace(PTRACE_POKEUSER, child, offsetof(struct user, u_debugreg[0]), &watched);
	ptrace(PTRACE_POKEUSER, child, offsetof(struct user, u_debugreg[7]),
	       0x90001); /* 8 bytes, writes */
	ptrace(PTRACE_CONT, child, 0, 0);
	waitpid(child, &status, 0);
	snprintf(text, sizeof(text), "signal %d, value %ld, dr6 %lx",
		 WIFSTOPPED(status) ? WSTOPSIG(status) : 0,
		 ptrace(PTRACE_PEEKDATA, child, &watched, 0),
		 ptrace(PTRACE_PEEKUSER, child, offsetof(struct user, u_debugreg[6]), 0) & 0xf);
	say("watched memory", text);
	ptrace(PTRACE_CONT, child, 0, 0);
	waitpid(child, &status, 0);
	say_if("goes on", WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

/* --- Registers, ports
 * ----------------------------------------------------------------------------- */

static int avx_survives(void)
{
	unsigned long in[4] = { 1, 2, 3, (unsigned long)getpid() }, out[4];

	if (!__builtin_cpu_supports("avx"))
		return 1;
	for (int i = 0; i < 3000; i++) {
		long rax = SYS_sched_yield;

		__asm__ volatile("vmovdqu %2, %%ymm9\n\tsyscall\n\tvmovdqu %%ymm9, %1"
				 : "+a"(rax), "=m"(out)
				 : "m"(in)
				 : "rcx", "r11", "memory");
		if (memcmp(in, out, sizeof(in)))
			return 0;
	}
	return 1;
}

static void registers(void)
{
	int status = 0;
	pid_t other = fork();

	if (!other)
		_exit(!avx_survives());
	say_if("AVX registers, two at once", avx_survives());
	waitpid(other, &status, 0);
	say_if("of the other", !status);
	say_if("ioperm", !ioperm(0x80, 1, 1));
	SIGNAL("a port that is permitted", inb(0x80));
	SIGNAL("its neighbour", inb(0x81));
	say_if("iopl", !iopl(3));
	SIGNAL("a port by iopl", inb(0x81));
	say_if("iopl again", !iopl(0) && !ioperm(0x80, 1, 0));
	SIGNAL("a port", inb(0x80));
}

int main(void)
{
	static char signals[65536];
	stack_t stack = { .ss_sp = signals, .ss_size = sizeof(signals) };
	char *low = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (low == MAP_FAILED)
		return 1;
	sigaltstack(&stack, NULL);
	faults();
	bad_returns();
	system_calls(low);
	segments(low);
	single_steps();
	watch();
	registers();
	return 0;
}
