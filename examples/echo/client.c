/* SPDX-License-Identifier: MIT */
/*
 * Sends numbered messages of changing length over one TCP connection, each once the last is back;
 * then the same number of datagrams, each of which may be lost twice.
 */

#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define ATTEMPTS 20 /* the server may be starting as well */
#define LENGTH	 4000
#define DATAGRAM 1400

static int parse(const char *to, struct sockaddr_in *address)
{
	const char *colon = strrchr(to, ':');
	char host[INET_ADDRSTRLEN];

	if (!colon || (size_t)(colon - to) >= sizeof(host))
		return -1;
	memcpy(host, to, (size_t)(colon - to));
	host[colon - to] = 0;
	*address = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(colon + 1)),
	};
	return inet_pton(AF_INET, host, &address->sin_addr) == 1 ? 0 : -1;
}

static int connect_to(const struct sockaddr_in *address)
{
	for (int i = 0; i < ATTEMPTS; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (fd < 0 || !connect(fd, (const struct sockaddr *)address, sizeof(*address)))
			return fd;
		close(fd);
		usleep(250000);
	}
	return -1;
}

static size_t make_message(char *out, int number, int limit)
{
	size_t len = (size_t)sprintf(out, "message %d ", number),
	       more = (size_t)(number * 37 % limit);

	memset(out + len, 'a' + number % 26, more);
	return len + more;
}

static int exchange(int fd, int number)
{
	char out[LENGTH + 32], in[LENGTH + 32];
	size_t len = make_message(out, number, LENGTH), got = 0;

	if (send(fd, out, len, 0) != (ssize_t)len)
		return -1;
	while (got < len) {
		ssize_t n = recv(fd, in + got, len - got, 0);

		if (n <= 0)
			return -1;
		got += (size_t)n;
	}
	return memcmp(in, out, len);
}

static int exchange_datagram(int fd, int number)
{
	char out[DATAGRAM + 32], in[DATAGRAM + 32];
	size_t len = make_message(out, number, DATAGRAM);

	for (int i = 0; i < 3; i++) {
		ssize_t n = send(fd, out, len, 0) < 0 ? -1 : recv(fd, in, sizeof(in), 0);

		if (n == (ssize_t)len && !memcmp(in, out, len))
			return 0;
	}
	return -1;
}

static int datagrams(const struct sockaddr_in *address, int count)
{
	struct timeval patience = { .tv_sec = 2 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), good = 0;

	if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof(*address)))
		return 0;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	while (good < count && !exchange_datagram(fd, good))
		good++;
	close(fd);
	return good;
}

int client_run(const char *to, int count)
{
	struct sockaddr_in address;
	int fd, good = 0;

	if (parse(to, &address)) {
		fprintf(stderr, "echo: to=%s: not ADDRESS:PORT\n", to);
		return 2;
	}
	fd = connect_to(&address);
	if (fd < 0) {
		fprintf(stderr, "echo: %s: %s\n", to, strerror(errno));
		return 1;
	}
	while (good < count && !exchange(fd, good))
		good++;
	close(fd);
	printf("echo: %d of %d messages came back from %s by tcp", good, count, to);
	if (good == count) {
		good = datagrams(&address, count);
		printf(", %d of %d by udp", good, count);
	}
	printf("\n");
	return good == count ? 0 : 1;
}
