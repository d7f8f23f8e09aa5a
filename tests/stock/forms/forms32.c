/* SPDX-License-Identifier: MIT */
/*
 * A 32-bit program without a libc: it calls the kernel as the kernel tells it to (the vsyscall
 * page's instruction, by AT_SYSINFO: sysenter or syscall), and by int 0x80.
 */
#define AT_SYSINFO 32
#define SYS_EXIT   1
#define SYS_WRITE  4
#define SYS_GETPID 20

static unsigned int entry;

static long call(int way, long nr, long a, long b, long c)
{
	if (way)
		__asm__ volatile("call *%4"
				 : "+a"(nr)
				 : "b"(a), "c"(b), "d"(c), "m"(entry)
				 : "memory");
	else
		__asm__ volatile("int $0x80" : "+a"(nr) : "b"(a), "c"(b), "d"(c) : "memory");
	return nr;
}

static void say(const char *text)
{
	long length = 0;

	while (text[length])
		length++;
	call(0, SYS_WRITE, 1, (long)text, length);
}

__attribute__((used)) void run(unsigned long *stack)
{
	unsigned long *at = stack + 1 + stack[0] + 1;
	int good = 1;

	while (*at++)
		;
	for (; *at; at += 2)
		if (*at == AT_SYSINFO)
			entry = (unsigned int)at[1];
	for (int i = 0; i < 10000 && good && entry; i++)
		good = call(1, SYS_GETPID, 0, 0, 0) == call(0, SYS_GETPID, 0, 0, 0);
	say(!entry ? "32-bit system calls: no entry\n"
	    : good ? "32-bit system calls: ok\n"
		   : "32-bit system calls: FAILED\n");
	call(1, SYS_EXIT, !good, 0, 0);
}

__asm__(".globl _start\n_start:\tmov %esp, %eax\n\tand $-16, %esp\n\tsub $12, %esp\n\t"
	"push %eax\n\tcall run");
