/* SPDX-License-Identifier: MIT */
/*
 * Sends back what it receives, by TCP and UDP, over IPv4 and IPv6. Argument: the port, 7 by
 * default.
 */

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"

#define STACK_SIZE (16 * 1024)

static int open_socket(int type, int port)
{
	struct sockaddr_in6 any = {
		.sin6_family = AF_INET6,
		.sin6_port = htons((unsigned short)port),
		.sin6_addr = IN6ADDR_ANY_INIT,
	};
	int fd = socket(AF_INET6, type, 0), on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0 &&
	    (type != SOCK_STREAM || listen(fd, SOMAXCONN) == 0))
		return fd;
	close(fd);
	return -1;
}

static void *echo_datagrams(void *arg)
{
	static char buf[65536];
	int fd = (int)(intptr_t)arg;

	for (;;) {
		struct sockaddr_storage from;
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);

		if (n >= 0)
			sendto(fd, buf, (size_t)n, 0, (struct sockaddr *)&from, len);
	}
	return NULL;
}

static int send_all(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n <= 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static void *echo_stream(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char buf[4096];
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		if (send_all(fd, buf, (size_t)n))
			break;
	close(fd);
	return NULL;
}

/* A detached thread that runs fn(fd); -1 without memory for it. */
static int start(void *(*fn)(void *), int fd)
{
	pthread_attr_t attr;
	pthread_t thread;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	err = pthread_create(&thread, &attr, fn, (void *)(intptr_t)fd);
	pthread_attr_destroy(&attr);
	return err ? -1 : 0;
}

int main(int argc, char **argv)
{
	int port = argc > 1 ? atoi(argv[1]) : 7, datagrams, listener;

	if (argc > 1 && !strncmp(argv[1], "to=", 3))
		return client_run(argv[1] + 3, argc > 2 ? atoi(argv[2]) : 1);
	if (port < 1 || port > 65535) {
		fprintf(stderr, "usage: echo [PORT], or echo to=ADDRESS:PORT [COUNT]\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	datagrams = open_socket(SOCK_DGRAM, port);
	listener = open_socket(SOCK_STREAM, port);
	if (datagrams < 0 || listener < 0 || start(echo_datagrams, datagrams)) {
		fprintf(stderr, "echo: port %d: %s\n", port, strerror(errno));
		return 1;
	}
	printf("echo: port %d, tcp and udp\n", port);
	fflush(stdout);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0 || start(echo_stream, fd)) {
			close(fd);
			usleep(100000); /* too many: some must end first */
		}
	}
}
