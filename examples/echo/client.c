/* SPDX-License-Identifier: MIT */
/* Sends numbered messages of growing length over one TCP connection, each once the last is back. */

#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ATTEMPTS 20 /* the server may be starting as well */
#define LENGTH	 4000

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

static int exchange(int fd, int number)
{
	char out[LENGTH + 32], in[LENGTH + 32];
	size_t len = (size_t)snprintf(out, sizeof(out), "message %d ", number), got = 0;

	memset(out + len, 'a' + number % 26, (size_t)(number * 37 % LENGTH));
	len += (size_t)(number * 37 % LENGTH);
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
	printf("echo: %d of %d messages came back from %s\n", good, count, to);
	return good == count ? 0 : 1;
}
