/* SPDX-License-Identifier: MIT */
/*
 * A program with something to lose: a counter in its heap that a thread moves on a hundred times a
 * second, and clocks. Each line that comes to TCP port 7 is answered by one: the counter, the
 * seconds of the monotonic clock since the start, how often that clock went back (0), the time.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORT 7

static volatile unsigned long *counter;
static volatile unsigned long went_back;
static struct timespec started;

static double since(const struct timespec *then, const struct timespec *now)
{
	return (double)(now->tv_sec - then->tv_sec) + (double)(now->tv_nsec - then->tv_nsec) / 1e9;
}

static void *count(void *unused)
{
	struct timespec last = started, now;

	(void)unused;
	for (;;) {
		usleep(10000);
		clock_gettime(CLOCK_MONOTONIC, &now);
		went_back += since(&last, &now) < 0;
		last = now;
		++*counter;
	}
	return NULL;
}

static void *serve(void *arg)
{
	int fd = (int)(long)arg;
	FILE *stream = fdopen(fd, "r");
	struct timespec now;
	char line[128];

	while (stream && fgets(line, sizeof(line), stream)) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		dprintf(fd, "%lu %.1f %lu %ld\n", *counter, since(&started, &now), went_back,
			(long)time(NULL));
	}
	if (stream)
		fclose(stream);
	return NULL;
}

int main(void)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd;
	pthread_t thread;

	counter = calloc(1, sizeof(*counter));
	clock_gettime(CLOCK_MONOTONIC, &started);
	if (!counter || bind(listener, (struct sockaddr *)&here, sizeof(here)) ||
	    listen(listener, 8) || pthread_create(&thread, NULL, count, NULL)) {
		perror("counter");
		return 1;
	}
	printf("counter: port %d\n", PORT);
	while ((fd = accept(listener, NULL, NULL)) >= 0)
		if (!pthread_create(&thread, NULL, serve, (void *)(long)fd))
			pthread_detach(thread);
	perror("counter: accept");
	return 1;
}
