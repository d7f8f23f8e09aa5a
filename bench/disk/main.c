/* SPDX-License-Identifier: MIT */
/*
 * Measures the disk xvda, whose every block of 4 KiB begins with its own number. Each connection to
 * port 5001 asks for one measurement, `VERB SIZE DEPTH SECONDS`, and gets a line, `OPERATIONS
 * MICROSECONDS`, or nothing where it failed, or what was read did not come from where it should:
 *
 *     randread, randwrite   blocks of 4 KiB, DEPTH of them in flight
 *     read, write           one piece of SIZE after the other
 */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/disk/disk.h"
#include "bench/stream/stream.h"

#define PORT 5001
#define LINE 128

static bool measure(const char *line, struct stream_result *result)
{
	struct disk_job job = { 0 };
	char verb[16];

	if (sscanf(line, "%15s %zu %u %u", verb, &job.size, &job.depth, &job.seconds) != 4)
		return false;
	job.random = !strncmp(verb, "rand", 4);
	job.write = !strcmp(verb + (job.random ? 4 : 0), "write");
	return disk_run(&job, &result->bytes, &result->us);
}

int main(void)
{
	int listener = stream_listen(PORT);

	if (listener < 0 || !disk_open("xvda")) {
		fprintf(stderr, "disk: no port, or no disk xvda\n");
		return 1;
	}
	printf("disk: port %d\n", PORT);
	fflush(stdout);
	for (;;) {
		int fd = stream_accept(listener);
		struct stream_result result;
		char line[LINE];

		if (stream_read_line(fd, line, sizeof(line)) && measure(line, &result))
			stream_answer(fd, &result);
		close(fd);
	}
}
