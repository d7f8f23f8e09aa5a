/* SPDX-License-Identifier: MIT */
/*
 * A 32-bit program without a libc: it calls the kernel as the kernel tells it to (the vsyscall
 * page's instruction, by AT_SYSINFO: sysenter or syscall), and by int 0x80. Its thread area is
 * reached by a selector in gs, while 64-bit programs have a null one there.
 */
#define AT_SYSINFO	    32
#define SYS_EXIT	    1
#define SYS_WRITE	    4
#define SYS_GETPID	    20
#define SYS_NANOSLEEP	    162
#define SYS_SET_THREAD_AREA 243

#define MAGIC 0x600dbeef

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

/* <asm/ldt.h> */
struct user_desc {
	unsigned int entry_number, base, limit, flags;
};
#define FLAGS_DATA32 0x51 /* 32-bit, limit in pages, usable */

static const char *thread_area(void)
{
	static unsigned int area = MAGIC;
	struct user_desc desc = { ~0U, (unsigned int)&area, 0xfffff, FLAGS_DATA32 };
	const long millisecond[2] = { 0, 1000000 };
	unsigned int selector, value = MAGIC;

	if (call(0, SYS_SET_THREAD_AREA, (long)&desc, 0, 0))
		return "32-bit thread area: refused\n";
	selector = desc.entry_number * 8 + 3;
	__asm__ volatile("mov %0, %%gs" ::"r"(selector));
	for (int i = 0; i < 200 && value == MAGIC; i++) {
		call(0, SYS_NANOSLEEP, (long)millisecond, 0, 0); /* others run meanwhile */
		__asm__ volatile("mov %%gs:0, %0" : "=r"(value));
	}
	return value == MAGIC ? "32-bit thread area: kept\n" : "32-bit thread area: LOST\n";
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
	say(thread_area());
	call(1, SYS_EXIT, !good, 0, 0);
}

__asm__(".globl _start\n_start:\tmov %esp, %eax\n\tand $-16, %esp\n\tsub $12, %esp\n\t"
	"push %eax\n\tcall run");
