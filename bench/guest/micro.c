/* SPDX-License-Identifier: MIT */
/*
 * micro NAME SECONDS: does an operation of Linux again and again for about so long; micro NAME 0
 * TIMES: so often. Prints how often and in how many microseconds. The disk is /dev/xvda, read past
 * the page cache.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TURN_NS 20e6 /* a turn lasts so long at least, or has MOST operations */
#define MOST	8192
#define PAGE	4096UL
#define PIECE	(1UL << 20) /* of the disk, in sequence */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void check(int bad, const char *what)
{
	if (bad) {
		perror(what);
		exit(1);
	}
}

/* --- Operations: each does n of them --------------------------------------------------------- */

static void null_call(int n)
{
	while (n--)
		syscall(SYS_getppid);
}

static void read_byte(int n)
{
	int fd = open("/dev/zero", O_RDONLY);
	char c;

	check(fd < 0, "/dev/zero");
	while (n--)
		check(read(fd, &c, 1) != 1, "read");
	close(fd);
}

static void fork_wait(int n)
{
	while (n--) {
		pid_t child = fork();

		check(child < 0, "fork");
		if (!child)
			_exit(0);
		waitpid(child, NULL, 0);
	}
}

static void fork_exec(int n)
{
	while (n--) {
		pid_t child = fork();

		check(child < 0, "fork");
		if (!child) {
			execl("/proc/self/exe", "micro", NULL);
			_exit(1);
		}
		waitpid(child, NULL, 0);
	}
}

static void page_fault(int n)
{
	char *area = mmap(NULL, (size_t)n * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check(area == MAP_FAILED, "mmap");
	madvise(area, (size_t)n * PAGE, MADV_NOHUGEPAGE);
	for (int i = 0; i < n; i++)
		area[(size_t)i * PAGE] = 1;
	munmap(area, (size_t)n * PAGE);
}

static void map_unmap(int n)
{
	while (n--) {
		void *area = mmap(NULL, 16 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		check(area == MAP_FAILED, "mmap");
		munmap(area, 16 * PAGE);
	}
}

/* A byte to a child and back: two switches. */
static void context_switch(int n)
{
	int to[2], from[2];
	pid_t child;
	char c = 0;

	check(pipe(to) || pipe(from), "pipe");
	child = fork();
	check(child < 0, "fork");
	if (!child) {
		close(to[1]);
		while (read(to[0], &c, 1) == 1 && write(from[1], &c, 1) == 1)
			;
		_exit(0);
	}
	while (n--)
		check(write(to[1], &c, 1) != 1 || read(from[0], &c, 1) != 1, "pipe");
	close(to[0]);
	close(to[1]);
	close(from[0]);
	close(from[1]);
	waitpid(child, NULL, 0);
}

/* --- Disk ------------------------------------------------------------------------------------ */

static int disk = -1;
static off_t disk_end, disk_at;
static void *disk_buf;

static void open_disk(void)
{
	if (disk >= 0)
		return;
	disk = open("/dev/xvda", O_RDONLY | O_DIRECT);
	disk_end = disk < 0 ? 0 : lseek(disk, 0, SEEK_END);
	check(disk_end < (off_t)PIECE || posix_memalign(&disk_buf, PAGE, PIECE), "/dev/xvda");
}

static void read_random(int n)
{
	open_disk();
	while (n--)
		check(pread(disk, disk_buf, PAGE,
			    random() % (disk_end / (off_t)PAGE) * (off_t)PAGE) != (ssize_t)PAGE,
		      "pread");
}

static void read_sequence(int n)
{
	open_disk();
	for (; n--; disk_at += PIECE) {
		if (disk_at + (off_t)PIECE > disk_end)
			disk_at = 0;
		check(pread(disk, disk_buf, PIECE, disk_at) != (ssize_t)PIECE, "pread");
	}
}

/* --- Turns ----------------------------------------------------------------------------------- */

static const struct row {
	const char *name;
	void (*run)(int n);
} rows[] = {
	{ "syscall", null_call },   { "read", read_byte }, { "page_fault", page_fault },
	{ "mmap", map_unmap },	    { "pipe", context_switch }, { "fork", fork_wait },
	{ "fork_exec", fork_exec }, { "disk_random", read_random },
	{ "disk_sequence", read_sequence },
};

/* The turns grow, so that what each begins and ends with does not count. */
static void repeat(void (*run)(int n), double ns, long times)
{
	double begun = now(), turn;
	long count = 0;
	int n = 8;

	do {
		if (times && n > times - count)
			n = (int)(times - count);
		turn = now();
		run(n);
		count += n;
		if (n < MOST && now() - turn < TURN_NS)
			n *= 2;
	} while (times ? count < times : now() - begun < ns);
	printf("%ld %.0f\n", count, (now() - begun) / 1e3);
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 2 && i < sizeof(rows) / sizeof(*rows); i++) {
		if (!strcmp(argv[1], rows[i].name)) {
			repeat(rows[i].run, atof(argv[2]) * 1e9, argc > 3 ? atol(argv[3]) : 0);
			return 0;
		}
	}
	return argc > 1; /* without arguments: what fork_exec executes */
}
