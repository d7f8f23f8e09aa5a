/* SPDX-License-Identifier: MIT */
/*
 * Measures TCP. The same source is an appliance, a program of the Linux guest that it is compared
 * with, and the host's end of both. Without arguments it serves port 5001; each connection begins
 * with a line:
 *
 *     sink                 takes all, and answers with the count of bytes, a line
 *     source SECONDS       sends for so long, and closes
 *     REQUEST              of a client, below: the server is one, and sends back the result, a line
 *
 * `stream REQUEST` is a client: `send ADDRESS PORT SECONDS` to a sink, `receive ADDRESS PORT
 * SECONDS` from a source, `ask ADDRESS PORT REQUEST` of a server. The result is `BYTES
 * MICROSECONDS`: of what arrived, from the connection's first byte to the last.
 */

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "stream.h"

#define PORT	   5001
#define LINE	   128
#define STACK_SIZE (32 * 1024)

/* A request of a client; false when it is none. */
static bool request_run(const char *line, struct stream_result *result)
{
	char verb[16], address[64];
	int port, seconds, rest = 0;

	if (sscanf(line, "%15s %63s %d %n", verb, address, &port, &rest) < 3 || !rest)
		return false;
	if (!strcmp(verb, "ask"))
		return stream_ask(address, port, line + rest, result);
	if (sscanf(line + rest, "%d", &seconds) != 1)
		return false;
	if (!strcmp(verb, "send"))
		return stream_send(address, port, seconds, result);
	return !strcmp(verb, "receive") && stream_receive(address, port, seconds, result);
}

static void *serve(void *arg)
{
	int fd = (int)(intptr_t)arg, seconds;
	struct stream_result result;
	char line[LINE];

	if (!stream_read_line(fd, line, sizeof(line)))
		;
	else if (!strcmp(line, "sink"))
		stream_sink(fd);
	else if (sscanf(line, "source %d", &seconds) == 1)
		stream_source(fd, seconds);
	else if (request_run(line, &result))
		stream_answer(fd, &result);
	close(fd);
	return NULL;
}

static int server(void)
{
	int listener = stream_listen(PORT);
	pthread_attr_t attr;

	if (listener < 0) {
		perror("stream");
		return 1;
	}
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	printf("stream: port %d\n", PORT);
	fflush(stdout);
	for (;;) {
		int fd = stream_accept(listener);
		pthread_t thread;

		if (pthread_create(&thread, &attr, serve, (void *)(intptr_t)fd))
			close(fd);
	}
}

int main(int argc, char **argv)
{
	char line[LINE] = "";
	struct stream_result result;

	signal(SIGPIPE, SIG_IGN);
	if (argc < 2)
		return server();
	for (int i = 1; i < argc; i++) {
		size_t len = strlen(line);

		snprintf(line + len, sizeof(line) - len, "%s%s", i > 1 ? " " : "", argv[i]);
	}
	if (!request_run(line, &result)) {
		fprintf(stderr, "stream: %s: failed\n", line);
		return 1;
	}
	printf("%lld %lld\n", result.bytes, result.us);
	return 0;
}
