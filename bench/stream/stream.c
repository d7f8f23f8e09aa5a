/* SPDX-License-Identifier: MIT */
#include "stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CHUNK (128 * 1024) /* as iperf3 */

static long long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

/* --- connections ------------------------------------------------------------------------------ */

int stream_listen(int port)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (!bind(fd, (struct sockaddr *)&any, sizeof(any)) && !listen(fd, 8))
		return fd;
	close(fd);
	return -1;
}

int stream_accept(int listener)
{
	int fd;

	while ((fd = accept(listener, NULL, NULL)) < 0)
		usleep(10000);
	return fd;
}

static int connect_to(const char *address, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd;

	if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
		return -1;
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* --- lines ------------------------------------------------------------------------------------ */

bool stream_read_line(int fd, char *line, size_t size)
{
	for (size_t at = 0; at < size; at++) {
		if (recv(fd, line + at, 1, 0) != 1)
			return false;
		if (line[at] == '\n') {
			line[at] = '\0';
			return true;
		}
	}
	return false;
}

static bool send_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

static bool send_line(int fd, const char *line)
{
	return send_all(fd, line, strlen(line)) && send_all(fd, "\n", 1);
}

void stream_answer(int fd, const struct stream_result *result)
{
	char line[64];

	snprintf(line, sizeof(line), "%lld %lld", result->bytes, result->us);
	send_line(fd, line);
}

/* --- what is measured ------------------------------------------------------------------------- */

/* All that comes, until the other has ended. */
static long long take(int fd)
{
	char *buf = malloc(CHUNK);
	long long bytes = 0;
	ssize_t n;

	while (buf && (n = recv(fd, buf, CHUNK, 0)) > 0)
		bytes += n;
	free(buf);
	return bytes;
}

static void give(int fd, int seconds)
{
	long long until = now_us() + seconds * 1000000LL;
	char *buf = calloc(1, CHUNK);

	while (buf && now_us() < until && send_all(fd, buf, CHUNK))
		;
	free(buf);
	shutdown(fd, SHUT_WR);
}

void stream_sink(int fd)
{
	char line[32];

	snprintf(line, sizeof(line), "%lld", take(fd));
	send_line(fd, line);
}

void stream_source(int fd, int seconds)
{
	give(fd, seconds);
	take(fd); /* until it has all */
}

bool stream_send(const char *address, int port, int seconds, struct stream_result *result)
{
	int fd = connect_to(address, port);
	long long start = now_us();
	char line[32];
	bool fine;

	if (fd < 0)
		return false;
	fine = send_line(fd, "sink");
	give(fd, seconds);
	fine = fine && stream_read_line(fd, line, sizeof(line));
	*result = (struct stream_result){ fine ? atoll(line) : 0, now_us() - start };
	close(fd);
	return fine;
}

bool stream_receive(const char *address, int port, int seconds, struct stream_result *result)
{
	int fd = connect_to(address, port);
	long long start = now_us();
	char line[32];

	if (fd < 0)
		return false;
	snprintf(line, sizeof(line), "source %d", seconds);
	send_line(fd, line);
	result->bytes = take(fd);
	result->us = now_us() - start;
	close(fd);
	return result->bytes > 0;
}

bool stream_ask(const char *address, int port, const char *request, struct stream_result *result)
{
	int fd = connect_to(address, port);
	char line[64];
	bool fine = fd >= 0 && send_line(fd, request) && stream_read_line(fd, line, sizeof(line)) &&
		    sscanf(line, "%lld %lld", &result->bytes, &result->us) == 2;

	if (fd >= 0)
		close(fd);
	return fine;
}
