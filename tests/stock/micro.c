/* SPDX-License-Identifier: MIT */
/*
 * What a few operations of a Linux cost: a line `NAME VALUE UNIT` each. Of several runs the best
 * counts: on a shared machine the others tell of the neighbours. `micro disk DEVICE` reads a disk,
 * past the page cache.
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

#define RUNS 7
#define RUN_NS 20e6 /* at least, but of MOST operations */
#define MOST 8192
#define PAGE 4096UL

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
			execl("/proc/self/exe", "micro", "nothing", NULL);
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

static const struct row {
	const char *name;
	void (*run)(int n);
} rows[] = {
	{ "syscall", null_call },   { "read", read_byte }, { "page_fault", page_fault },
	{ "mmap", map_unmap },	    { "pipe", context_switch }, { "fork", fork_wait },
	{ "fork_exec", fork_exec },
};

static double took(const struct row *row, int n)
{
	double begun = now();

	row->run(n);
	return now() - begun;
}

static void operations(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		double best = 1e18, ns;
		int n = 8;

		while (n < MOST && took(&rows[i], n) < RUN_NS)
			n *= 2;
		for (int run = 0; run < RUNS; run++) {
			ns = took(&rows[i], n) / n;
			best = ns < best ? ns : best;
		}
		printf("%s %.0f ns\n", rows[i].name, best);
	}
}

/* --- Disk ------------------------------------------------------------------------------------ */

static void read_disk(const char *device)
{
	static const struct {
		const char *name;
		size_t size;
		int n, random;
	} kinds[] = { { "disk_random_4k", 4096, 400, 1 }, { "disk_sequential", 1 << 20, 48, 0 } };
	int fd = open(device, O_RDONLY | O_DIRECT);
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	void *buf;

	check(fd < 0 || end < 64 << 20 || posix_memalign(&buf, PAGE, 1 << 20), device);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		double best = 0, begun, rate;

		for (int run = 0; run < RUNS; run++) {
			srandom(1);
			begun = now();
			for (int i = 0; i < kinds[k].n; i++) {
				off_t at = kinds[k].random ? random() % (end / 4096) * 4096 :
							     (off_t)i << 20;

				check(pread(fd, buf, kinds[k].size, at) != (ssize_t)kinds[k].size,
				      "pread");
			}
			rate = kinds[k].n / (now() - begun) * 1e9;
			best = rate > best ? rate : best;
		}
		printf("%s %.0f %s\n", kinds[k].name, best, kinds[k].random ? "/s" : "MiB/s");
	}
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "disk"))
		read_disk(argv[2]);
	else if (argc == 1)
		operations();
	return 0;
}
